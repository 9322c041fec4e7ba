import { exitCodeOf } from "../keys/exit-code.ts";
import { isFaultOfSettings, RecorderError } from "./errors.ts";
import { readRecorderSettings } from "./settings.ts";
import { startRecorder } from "./start.ts";

try {
  const running = await startRecorder(readRecorderSettings(process.env));
  const end = () => {
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
} catch (error) {
  if (!(error instanceof RecorderError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = isFaultOfSettings(error) ? exitCodeOf(error) : 2;
}

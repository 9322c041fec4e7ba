import { expect } from "chai";
import { readRecorderSettings } from "../../recorder/settings.ts";

describe("recorder/settings", () => {
  const heartbeatOf = (value?: string): number | undefined =>
    readRecorderSettings({
      RECORDER_SOURCE: "qn-police/r1",
      ...(value === undefined ? {} : { HEARTBEAT_INTERVAL: value }),
    }).heartbeatMs;

  it("has a heartbeat every five minutes, another interval, or none", () => {
    expect(heartbeatOf()).to.equal(300_000);
    expect(heartbeatOf("90s")).to.equal(90_000);
    expect(heartbeatOf("1h")).to.equal(3_600_000);
    expect(heartbeatOf("off")).to.equal(undefined);
  });

  for (const value of ["", "5", "0m", "-5m", "5 m", "5d", "never"]) {
    it(`refuses "${value}" as a heartbeat interval, by name`, () => {
      expect(() => heartbeatOf(value)).to.throw(/^HEARTBEAT_INTERVAL must be/);
    });
  }
});

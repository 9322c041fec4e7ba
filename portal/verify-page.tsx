/** The verify page: what `verify.html` starts. A document of its own, served at `/verify` with its own Content-Security-Policy. */
import "./style/tokens.css";
import "./style/base.css";
import "./parts/parts.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";

import { newQueryClient } from "./api/queries.ts";
import { VerifyPage } from "./pages/verify/verify.tsx";
import { loadOverlays } from "./parts/overlays.ts";
import { fileChecker } from "./verify/file-checker.ts";
import { addFurtherWords, loadAllWords, startWords } from "./words/i18n.ts";
import { firstLanguage } from "./words/languages.ts";

const root = document.querySelector("#root");
if (root === null) throw new Error("verify.html has no element #root");

// Everything is loaded at once: the page goes on when the server is gone.
const checker = fileChecker();
const words = await startWords(firstLanguage());
await addFurtherWords();
void loadAllWords();
loadOverlays().catch(() => undefined); // Whoever asks for one asks again.
createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={words}>
      <QueryClientProvider client={newQueryClient()}>
        <VerifyPage checker={checker} />
      </QueryClientProvider>
    </I18nextProvider>
  </StrictMode>,
);

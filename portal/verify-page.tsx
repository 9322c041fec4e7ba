/** The verify page: what `verify.html` starts. A document of its own, served at `/verify` with its own Content-Security-Policy. */
import "./style/tokens.css";
import "./style/base.css";
import "./parts/parts.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";

import { VerifyPage } from "./pages/verify/verify.tsx";
import { startWords } from "./words/i18n.ts";
import { firstLanguage } from "./words/languages.ts";

const root = document.querySelector("#root");
if (root === null) throw new Error("verify.html has no element #root");

const words = await startWords(firstLanguage());
createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={words}>
      <VerifyPage />
    </I18nextProvider>
  </StrictMode>,
);

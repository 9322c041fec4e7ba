/** The portal: what `index.html` starts. */
import "./style/tokens.css";
import "./style/base.css";
import "./parts/parts.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/app.tsx";
import { startWords } from "./words/i18n.ts";
import { firstLanguage } from "./words/languages.ts";

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no element #root");

const words = await startWords(firstLanguage());
createRoot(root).render(
  <StrictMode>
    <App words={words} />
  </StrictMode>,
);

import path from "node:path";

/**
 * Settings of the outer npm that an inner npm needs to reach the same registry. Everything else that npm exports
 * (its own path, prefix, omit, ignore-scripts, ...) belongs to the outer run and would bend the inner one.
 */
const KEPT_NPM_SETTINGS = new Set(
  [
    "registry",
    "cafile",
    "ca",
    "strict_ssl",
    "proxy",
    "https_proxy",
    "noproxy",
    "cache",
    "userconfig",
    "globalconfig",
  ].map((setting) => `npm_config_${setting}`),
);

/**
 * The environment for a child: `env` without what npm put there, and with the folder of `node` first on PATH.
 *
 * @param {string} node absolute path of the Node binary that `node` shall mean
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnvironment(node, env) {
  const clean = Object.fromEntries(
    Object.entries(env).filter(([name]) => {
      const lower = name.toLowerCase();
      return !lower.startsWith("npm_") || KEPT_NPM_SETTINGS.has(lower);
    }),
  );
  const pathName = Object.keys(clean).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const outer = (clean[pathName] ?? "").split(path.delimiter);
  // npm puts the node_modules/.bin of every folder above us first; only real folders of the user are kept.
  const kept = outer.filter((folder) => folder !== "" && !isNpmFolder(folder));
  clean[pathName] = [path.dirname(node), ...kept].join(path.delimiter);
  return clean;
}

/** @param {string} folder */
function isNpmFolder(folder) {
  return folder.endsWith(path.join("node_modules", ".bin")) || folder.endsWith("node-gyp-bin");
}

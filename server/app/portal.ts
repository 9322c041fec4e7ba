import { pageRoutes } from "../portal/page-routes.ts";
import { readPortalFiles } from "../portal/files.ts";
import type { Route } from "../route.ts";
import type { AppOptions } from "./parts.ts";

/** The web pages. Their routes come after all others: they answer whatever path of theirs is left. */
export async function portal({ config }: Pick<AppOptions, "config">): Promise<{ readonly pages: Route[] }> {
  if (config.portal.folder === undefined) return { pages: [] };
  const files = await readPortalFiles(config.portal.folder);
  return { pages: pageRoutes({ files, isTls: config.publicUrl?.startsWith("https:") === true }) };
}

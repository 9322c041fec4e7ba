import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { CatalogueError } from "./error.ts";
import { memberPointer } from "./json-places.ts";
import { type ParsedFile, parseSourceFile, type SourceFile } from "./source-file.ts";

/** The name of the file that holds the version and the terms. */
export const HEAD_FILE = "catalogue.json";

interface Head {
  readonly version: string;
  readonly deadlines?: unknown;
  readonly agencies: Readonly<Record<string, unknown>>;
  readonly members: Readonly<Record<string, readonly string[]>>;
  readonly categories: Readonly<Record<string, unknown>>;
}

/** As far as rules look at it; the schema says the rest. */
interface Procedure {
  readonly code: string;
  readonly leadAgencies: readonly string[];
  readonly providers: readonly {
    readonly agency: string;
    readonly to?: readonly string[];
    readonly personalData: readonly string[];
  }[];
}

/** A catalogue whose files were found correct, in the form in which it is published. */
export interface CheckedCatalogue {
  readonly version: string;
  /** The published file's text (docs/SPEC.md section "Catalogue"). */
  readonly published: string;
  /** The error of something about the version, with its file and line. */
  readonly versionFault: (reason: string) => CatalogueError;
}

/**
 * Checks the files of a catalogue, each against the schema and all against each other, and puts them together.
 * @param schema catalogue/catalogue.schema.json
 * @throws CatalogueError naming the first wrong file, with line and reason.
 */
export function checkCatalogue(
  schema: object,
  files: { readonly head: SourceFile; readonly procedures: readonly SourceFile[] },
): CheckedCatalogue {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, verbose: true });
  ajv.addSchema(schema, "catalogue");
  const isHead = compiled<Head>(ajv, "head");
  const isProcedure = compiled<Procedure>(ajv, "procedure");

  const headFile = parseSourceFile(files.head);
  const head = valid(headFile, isHead);
  checkMembers(headFile, head);
  const procedures = files.procedures.map((file) => {
    const parsed = parseSourceFile(file);
    const procedure = valid(parsed, isProcedure);
    checkName(parsed, procedure);
    checkTerms(parsed, procedure, head);
    return procedure;
  });
  if (procedures.length === 0)
    throw new CatalogueError(`${HEAD_FILE}:1: there is no file procedures/<code>.json beside it`);

  const { version, deadlines, agencies, members, categories } = head;
  procedures.sort((a, b) => (a.code < b.code ? -1 : 1));
  const catalogue = {
    ...{ type: "minhbach/catalogue", format: 1, version, ...(deadlines !== undefined && { deadlines }) },
    ...{ agencies, members, categories, procedures },
  };
  return {
    version,
    published: JSON.stringify(catalogue),
    versionFault: (reason) => headFile.fault("/version", reason),
  };
}

function compiled<T>(ajv: Ajv2020, definition: string): ValidateFunction<T> {
  return ajv.compile<T>({ $ref: `catalogue#/$defs/${definition}` });
}

function valid<T>(file: ParsedFile, validate: ValidateFunction<T>): T {
  const { value } = file;
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  throw error === undefined ? file.fault("", "is not of the schema") : schemaFault(file, error);
}

function schemaFault(file: ParsedFile, error: ErrorObject<string, Record<string, unknown>>): CatalogueError {
  const { instancePath: pointer, params, propertyName } = error;
  const { additionalProperty, allowedValues } = params;
  if (typeof additionalProperty === "string")
    return file.fault(
      pointer + memberPointer(additionalProperty),
      `there is no member "${additionalProperty}"`,
    );
  if (error.schemaPath.includes("/category/")) {
    const reason = `${JSON.stringify(error.data)} is no category of the Data Privacy Vocabulary (https://w3id.org/dpv/pd), such as "pd:Name"`;
    return file.fault(propertyName === undefined ? pointer : pointer + memberPointer(propertyName), reason);
  }
  const subject = pointer === "" ? "the file" : pointer.slice(pointer.lastIndexOf("/") + 1);
  if (Array.isArray(allowedValues))
    return file.fault(pointer, `${subject} must be one of ${allowedValues.join(", ")}`);
  return file.fault(pointer, `${subject} ${error.message ?? "is not of the schema"}`);
}

function checkMembers(file: ParsedFile, { agencies, members }: Head): void {
  for (const [code, types] of Object.entries(members)) {
    const unknown = types.findIndex((type) => !Object.hasOwn(agencies, type));
    if (unknown === -1) continue;
    const reason = `${HEAD_FILE} does not list "${types[unknown] ?? ""}" among its agencies`;
    throw file.fault(`/members${memberPointer(code)}/${unknown}`, reason);
  }
}

/** One file for each code, so that no code is there twice. */
function checkName(file: ParsedFile, { code }: Procedure): void {
  const expected = `procedures/${code}.json`;
  if (file.name === expected) return;
  throw file.fault("/code", `the procedure ${code} belongs into ${expected}; a code is there once`);
}

function checkTerms(file: ParsedFile, procedure: Procedure, head: Head): void {
  const requireListed = (
    list: "agencies" | "categories",
    pointer: string,
    names: readonly string[],
  ): void => {
    const unknown = names.findIndex((name) => !Object.hasOwn(head[list], name));
    if (unknown === -1) return;
    const reason = `${HEAD_FILE} does not list "${names[unknown] ?? ""}" among its ${list}`;
    throw file.fault(`${pointer}/${unknown}`, reason);
  };
  requireListed("agencies", "/leadAgencies", procedure.leadAgencies);
  for (const [at, { to = [], personalData }] of procedure.providers.entries()) {
    requireListed("agencies", `/providers/${at}/to`, to);
    requireListed("categories", `/providers/${at}/personalData`, personalData);
  }
  requireListed(
    "agencies",
    "/providers",
    procedure.providers.map(({ agency }) => agency),
  );
}

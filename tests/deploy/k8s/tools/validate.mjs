// Has each resource of the file that is named checked by its operator's rules: required fields, patterns, enumerations.
// Prints a line for each refusal. What the types alone say, such as unknown fields, is the TypeScript compiler's part.
import { readFileSync } from "node:fs";

for (const [number, { module, resource }] of JSON.parse(readFileSync(process.argv[2], "utf8")).entries()) {
  const { [resource.kind]: Model } = await import(`${module}/${resource.kind}`);
  try {
    new Model(resource).validate();
  } catch (error) {
    console.log(`${number}: ${resource.kind}/${resource.metadata.name}: ${error.message}`);
  }
}

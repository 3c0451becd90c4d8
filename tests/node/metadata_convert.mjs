// Converts a package folder of a source project (argument 1) into a deployable package (argument
// 2); prints its members by type, the source files behind them, and the warnings of the library.
import { ComponentSet, MetadataConverter } from "@salesforce/source-deploy-retrieve";

const [source, output] = process.argv.slice(2);
const found = ComponentSet.fromSource(source);
found.sourceApiVersion = "66.0";
const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));
const files = [];
const members = {};
for (const component of found.getSourceComponents()) {
  files.push(component.xml, ...component.walkContent());
  for (const one of [component, ...component.getChildren()]) {
    files.push(one.xml);
    (members[one.type.name] ??= []).push(one.fullName);
  }
}
await new MetadataConverter().convert(found, "metadata", {
  type: "directory",
  outputDirectory: output,
  genUniqueDir: false,
});
console.log(JSON.stringify({ members, files: [...new Set(files.filter(Boolean))], warnings }));

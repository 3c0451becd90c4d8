// Converts package folders of a source project (argument 1; the folders from argument 3 on) into
// deployable packages below argument 2; prints the source files behind them, and the warnings of
// the library.
import { join } from "node:path";
import { ComponentSet, MetadataConverter } from "@salesforce/source-deploy-retrieve";

const [project, output, ...folders] = process.argv.slice(2);
const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));
const files = [];
for (const folder of folders) {
  const found = ComponentSet.fromSource(join(project, folder));
  found.sourceApiVersion = "66.0";
  for (const component of found.getSourceComponents()) {
    files.push(component.xml, ...component.walkContent());
    for (const one of [component, ...component.getChildren()]) files.push(one.xml);
  }
  await new MetadataConverter().convert(found, "metadata", {
    type: "directory",
    outputDirectory: join(output, folder),
    genUniqueDir: false,
  });
}
console.log(JSON.stringify({ files: [...new Set(files.filter(Boolean))], warnings }));

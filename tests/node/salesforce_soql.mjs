// Parses each SOQL text of a JSON list on standard input; prints the errors as a JSON list.
import { parseQuery } from "@jetstreamapp/soql-parser-js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const wrong = [];
for (const soql of JSON.parse(text)) {
  try {
    parseQuery(soql);
  } catch (error) {
    wrong.push([soql, error.message]);
  }
}
console.log(JSON.stringify(wrong));

// Drives a Salesforce server with jsforce and prints what it saw as one JSON object.
// Arguments: address, access token.
import jsforce from "jsforce";

const [instanceUrl, accessToken] = process.argv.slice(2);
const org = new jsforce.Connection({ instanceUrl, accessToken, version: "66.0" });
const seen = {};

const first = await org.query("SELECT Id, Name, Account.Name FROM Contact ORDER BY Name", {
  autoFetch: false,
  headers: { "Sforce-Query-Options": "batchSize=200" },
});
seen.total = first.totalSize;
seen.sizes = [first.records.length];
let page = first;
while (!page.done) {
  page = await org.queryMore(page.nextRecordsUrl);
  seen.sizes.push(page.records.length);
}
seen.account = first.records[0].Account.Name;

const described = await org.sobject("Task").describe();
seen.key = described.fields.find((field) => field.name === "HLR_Alert_Key__c").externalId;
seen.objects = (await org.describeGlobal()).sobjects.length;

const made = await org.sobject("Task").create({ Subject: "Call", HLR_Alert_Key__c: "js:1" });
seen.created = made.success;
await org.sobject("Task").update({ Id: made.id, Status: "Completed" });
seen.closed = (await org.sobject("Task").retrieve(made.id)).IsClosed;
const found = await org.sobject("Task").find({ HLR_Alert_Key__c: "js:1" }, ["Id", "Subject"]);
seen.found = found.map((one) => one.Subject);

const upserted = await org
  .sobject("Task")
  .upsert({ HLR_Alert_Key__c: "js:1", Subject: "Mail" }, "HLR_Alert_Key__c");
seen.upserted = upserted.id === made.id || upserted.success;
const rows = [1, 2, 3].map((n) => ({ HLR_Alert_Key__c: `js:${n}`, Subject: `Row ${n}` }));
const many = await org.sobject("Task").upsert(rows, "HLR_Alert_Key__c");
seen.many = many.map((one) => [one.success, one.created ?? null]);

const ids = many.map((one) => one.id);
seen.destroyed = (await org.sobject("Task").destroy(ids)).map((one) => one.success);
const span = ["2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"];
seen.deleted = (await org.sobject("Task").deleted(...span)).deletedRecords.length;

seen.updated = (await org.sobject("Contact").updated(...span)).ids.length;
const grouped = await org.query("SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName");
seen.grouped = grouped.records.map((one) => [one.StageName, one.n]);
const nested = await org
  .sobject("Account")
  .find({ Name: "Acme" }, "Id, Name")
  .include("Opportunities")
  .select("Id, Name")
  .end();
seen.nested = nested.map((one) => one.Opportunities.records.map((deal) => deal.Name));

org.bulk2.pollInterval = 20;
org.bulk2.pollTimeout = 20000;
const bulk = await org.bulk2.query("SELECT Id, Account.Name, IsDeleted FROM Contact");
const bulkRows = await bulk.toArray();
seen.bulk = [bulkRows.length, bulkRows[0]["Account.Name"], bulkRows[0].IsDeleted];

seen.errors = [];
for (const attempt of [
  () => org.query("SELECT Nope FROM Contact"),
  () => org.sobject("Contact").create({ FirstName: "x" }),
  () => org.sobject("Contact").retrieve("003000000000000AAA"),
]) {
  try {
    await attempt();
    seen.errors.push(null);
  } catch (error) {
    seen.errors.push(error.errorCode ?? error.name);
  }
}
console.log(JSON.stringify(seen));

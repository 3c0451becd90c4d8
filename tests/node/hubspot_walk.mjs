// Walks a HubSpot account with the official Node client; prints what it saw as JSON.
import hubspot from "@hubspot/api-client";

const [basePath, accessToken] = process.argv.slice(2);
const client = new hubspot.Client({ basePath, accessToken });
const seen = {};

const contacts = await client.crm.contacts.getAll(2, undefined, ["email", "firstname"]);
seen.contacts = contacts.map((one) => one.properties.email).sort();
seen.created = contacts[0].createdAt instanceof Date;

const filter = { propertyName: "lastmodifieddate", operator: "GTE", value: "0" };
const search = {
  filterGroups: [{ filters: [filter] }],
  sorts: ["lastmodifieddate"],
  properties: ["email"],
  limit: 1,
};
const first = await client.crm.contacts.searchApi.doSearch(search);
const second = await client.crm.contacts.searchApi.doSearch({
  ...search,
  after: first.paging.next.after,
});
seen.search = [first, second].map((page) => [page.total, page.results[0].properties.email]);

const made = await client.crm.objects.batchApi.create("tasks", {
  inputs: [
    {
      properties: { hs_timestamp: "1795420800000", hs_task_subject: "Call Dana" },
      associations: [
        {
          to: { id: contacts[0].id },
          types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204 }],
        },
      ],
    },
  ],
});
const task = made.results[0].id;
const read = await client.crm.objects.batchApi.read("tasks", {
  inputs: [{ id: task }],
  properties: ["hs_task_subject", "hs_timestamp"],
  propertiesWithHistory: [],
});
seen.task = read.results[0].properties;
const linked = await client.crm.associations.v4.batchApi.getPage("tasks", "contacts", {
  inputs: [{ id: task }],
});
seen.linked = linked.results[0].to.map((one) => one.toObjectId);
seen.isFirst = linked.results[0].to[0].toObjectId === contacts[0].id;

const owners = await client.crm.owners.ownersApi.getPage(undefined, undefined, 100, false);
seen.owners = owners.results.map((one) => [one.type, typeof one.userId]);
const pipelines = await client.crm.pipelines.pipelinesApi.getAll("deals");
seen.stages = pipelines.results[0].stages.map((one) => [one.label, one.metadata.isClosed]);
const company = await client.crm.properties.coreApi.getByName("companies", "csm_owner");
seen.property = [company.type, company.externalOptions, company.referencedObjectType];

const archived = await client.crm.owners.ownersApi.getPage(undefined, undefined, 100, true);
seen.left = archived.results.map((one) => [one.archived, one.userIdIncludingInactive > 0]);
seen.teams = owners.results[0].teams.map((one) => [one.name, one.primary]);
const leads = await client.crm.objects.leads.basicApi.getPage(10, undefined, [
  "hs_lead_name",
  "hs_primary_contact_id",
]);
seen.leads = leads.results.map((one) => [
  one.properties.hs_lead_name,
  one.properties.hs_primary_contact_id === contacts[0].id,
]);
const schemas = await client.crm.schemas.coreApi.getAll(false);
seen.schemas = schemas.results.map((one) => [one.name, one.objectTypeId, one.labels.plural]);
const custom = await client.crm.objects.basicApi.getPage(schemas.results[0].objectTypeId, 10);
seen.custom = custom.results.length;
const labels = await client.crm.associations.v4.schema.definitionsApi.getAll("deals", "contacts");
seen.labels = labels.results.map((one) => [one.category, one.label ?? null]);
const definitions = await client.crm.properties.coreApi.getAll("companies", false);
seen.calculated = definitions.results.filter((one) => one.calculated).map((one) => one.name);
const dropped = await client.crm.properties.coreApi.getAll("companies", true);
seen.dropped = dropped.results.map((one) => [one.name, one.archivedAt instanceof Date]);
const partly = await client.crm.objects.batchApi.update("contacts", {
  inputs: [
    { id: contacts[0].id, properties: { jobtitle: "VP" }, objectWriteTraceId: "good" },
    { id: "404", properties: { jobtitle: "VP" }, objectWriteTraceId: "bad" },
  ],
});
seen.partly = [partly.numErrors, partly.errors[0].context.objectWriteTraceId];
try {
  await client.crm.owners.ownersApi.getById(1);
} catch (error) {
  seen.nobody = error.code;
}

try {
  await client.crm.contacts.basicApi.create({ properties: { nonsense: "1" }, associations: [] });
} catch (error) {
  seen.refused = [error.code, error.body.category, typeof error.body.correlationId];
}
process.stdout.write(JSON.stringify(seen));

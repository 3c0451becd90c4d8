// Logs in to a Salesforce server with jsforce as an admin would: consent with PKCE, exchange,
// refresh when the session ends, revoke. Prints what it saw as one JSON object.
// Arguments: address, client id, client secret, callback URL.
import jsforce from "jsforce";

const [loginUrl, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const oauth2 = new jsforce.OAuth2({
  loginUrl,
  clientId,
  clientSecret,
  redirectUri,
  useVerifier: true,
});
const seen = {};

const asked = new URL(oauth2.getAuthorizationUrl({ scope: "api refresh_token", state: "s" }));
asked.searchParams.set("save", "Allow");
const [address, form] = [`${asked.origin}${asked.pathname}`, asked.searchParams];
const answer = await fetch(address, { method: "POST", body: form, redirect: "manual" });
const back = new URL(answer.headers.get("location"));
seen.state = back.searchParams.get("state");

const org = new jsforce.Connection({ oauth2, version: "66.0" });
const user = await org.authorize(back.searchParams.get("code"));
seen.user = user.id;
seen.org = user.organizationId;
seen.before = (await org.query("SELECT Id FROM Account")).totalSize;

const refreshed = [];
org.on("refresh", (token) => refreshed.push(token));
await oauth2.revokeToken(org.accessToken);
seen.after = (await org.query("SELECT Id FROM Account")).totalSize;
seen.refreshes = refreshed.length;

await oauth2.revokeToken(org.refreshToken);
seen.refused = await oauth2.refreshToken(org.refreshToken).then(
  () => "",
  (error) => `${error.name}: ${error.message}`,
);
console.log(JSON.stringify(seen));

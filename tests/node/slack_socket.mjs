// Hears one press with @slack/socket-mode, acknowledges it and prints it as JSON.
// Arguments: api url, app token. Prints "ready" first, once the socket is open.
import { LogLevel, SocketModeClient } from "@slack/socket-mode";

const [slackApiUrl, appToken] = process.argv.slice(2);
const client = new SocketModeClient({
  appToken,
  clientOptions: { slackApiUrl },
  logLevel: LogLevel.ERROR,
});
client.on("interactive", async ({ ack, body, retry_num }) => {
  await ack();
  console.log(JSON.stringify({ body, retry_num }));
  await client.disconnect();
  process.exit(0);
});
client.on("connected", () => console.log("ready"));
await client.start();

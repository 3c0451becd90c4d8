// Drives a Slack server with @slack/web-api; prints one JSON object. Arguments: api url, bot token.
import { WebClient } from "@slack/web-api";

const [url, token] = process.argv.slice(2);
const web = new WebClient(token, { slackApiUrl: url, retryConfig: { retries: 0 } });
const refusal = async (call) => {
  try {
    await call();
    return "";
  } catch (error) {
    return error.data?.error ?? String(error);
  }
};

const who = await web.auth.test();
const { user } = await web.users.lookupByEmail({ email: "bo.lin@example.com" });
const channels = [];
for await (const page of web.paginate("conversations.list", { limit: 1 })) {
  channels.push(...page.channels.map((one) => one.name));
}
const direct = (await web.conversations.open({ users: user.id })).channel.id;
const metadata = { event_type: "test", event_payload: { key: "k" } };
const blocks = [{ type: "section", text: { type: "mrkdwn", text: "*hello*" } }];
const posted = await web.chat.postMessage({ channel: direct, text: "hello", blocks, metadata });
await web.chat.update({ channel: direct, ts: posted.ts, text: "changed", blocks, metadata });
const history = await web.conversations.history({ channel: direct, include_all_metadata: true });
const link = await web.chat.getPermalink({ channel: direct, message_ts: posted.ts });
const refused = {
  unknown_method: await refusal(() => web.apiCall("chat.shout")),
  channel_not_found: await refusal(() => web.chat.postMessage({ channel: "C000", text: "x" })),
  invalid_blocks: await refusal(() =>
    web.chat.postMessage({ channel: direct, text: "x", blocks: [{ type: "header" }] }),
  ),
};
const [message] = history.messages;
console.log(
  JSON.stringify({
    bot: who.user_id,
    user: user.id,
    channels,
    text: message.text,
    key: message.metadata.event_payload.key,
    edited: Boolean(message.edited),
    permalink: link.permalink,
    refused,
  }),
);

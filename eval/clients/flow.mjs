// One connection of a TypeScript client: does what the plan on stdin says and prints each step as JSON.
const { sdk, target, plan, serve, modern } = JSON.parse(await new Response(process.stdin).text());

const parts = {
  1: async () => ({
    ...(await import("@modelcontextprotocol/sdk/client/index.js")),
    ...(await import("@modelcontextprotocol/sdk/client/stdio.js")),
    ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
  }),
  2: async () => ({
    ...(await import("@modelcontextprotocol/client")),
    ...(await import("@modelcontextprotocol/client/stdio")),
  }),
};
const { Client, StdioClientTransport, StreamableHTTPClientTransport } = await parts[sdk]();

const transport = target.transport === "stdio"
  ? new StdioClientTransport({ command: serve[0], args: serve.slice(1), env: target.environment, stderr: "ignore" })
  : new StreamableHTTPClientTransport(new URL(target.url), { requestInit: { headers: target.headers } });
const negotiation = { mode: target.era === "modern" ? { pin: modern } : "legacy" };
const client = new Client({ name: "sonik-eval", version: "1" }, sdk === 2 ? { versionNegotiation: negotiation } : {});

const steps = [];
async function step(kind, name, work) {
  try {
    const told = await work();
    steps.push({ kind, name, ok: told === true, note: told === true ? "" : JSON.stringify(told).slice(0, 200) });
  } catch (error) {
    steps.push({ kind, name, ok: false, note: String(error.message ?? error).slice(0, 200) });
  }
}
const same = (found, expected) => {
  const [ours, theirs] = [[...found].sort(), [...expected].sort()].map((names) => JSON.stringify(names));
  return ours === theirs || ours;
};

await client.connect(transport);
await step("lists", "tools", async () =>
  same((await client.listTools()).tools.map((tool) => tool.name), Object.keys(plan.tools)));
await step("lists", "templates", async () =>
  same((await client.listResourceTemplates()).resourceTemplates.map((one) => one.uriTemplate), plan.templates));
await step("lists", "prompts", async () =>
  same((await client.listPrompts()).prompts.map((prompt) => prompt.name), Object.keys(plan.prompts)));
for (const [name, given] of Object.entries(plan.tools)) {
  await step("tools", name, async () => {
    const result = await client.callTool({ name, arguments: given });
    return (!result.isError && result.structuredContent !== undefined) || result.content;
  });
}
for (const uri of plan.resources) {
  await step("resources", uri, async () => (await client.readResource({ uri })).contents.length > 0);
}
for (const [name, given] of Object.entries(plan.prompts)) {
  await step("prompts", name, async () => (await client.getPrompt({ name, arguments: given })).messages.length > 0);
}
for (const [uri, name, value] of plan.completions) {
  await step("completions", uri, async () => {
    const told = await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } });
    return told.completion.values.length > 0;
  });
}
if (target.era === "modern") {
  await step("subscriptions", plan.resources[0], async () => {
    const listening = await client.listen({ resourceSubscriptions: [plan.resources[0]] });
    await listening.close();
    return true;
  });
}
await client.close();
console.log(JSON.stringify(steps));

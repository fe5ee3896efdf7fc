// What OpenAI's SDK for Node does with the gateway, for every kind of provider.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const kinds = process.env.KINDS.split(",");
const client = new OpenAI({ baseURL: process.env.GATEWAY_URL, apiKey: "any", maxRetries: 0, timeout: 60_000 });
const image =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const tools = ["weather", "forecast"].map((name) => ({
  type: "function",
  name,
  description: "The weather.",
  strict: false,
  parameters: { type: "object", properties: { city: { type: "string" }, number: { type: "integer" } } },
}));
const Person = z.object({ name: z.string(), age: z.number() });

for (const kind of kinds) {
  for (const streamed of [false, true]) {
    test(`${kind}: stored${streamed ? ", streamed" : ""}`, async () => {
      const ask = async (input, previous_response_id) => {
        const body = { model: `${kind}.script-text`, input, previous_response_id };
        if (!streamed) return client.responses.create(body);
        const events = [];
        for await (const event of await client.responses.create({ ...body, stream: true })) events.push(event);
        return events.at(-1).response;
      };
      const first = await ask("one");
      const second = await ask("two", first.id);
      const { output_text, _request_id, ...sent } = second;
      const { output_text: _, _request_id: __, ...stored } = await client.responses.retrieve(second.id);
      assert.deepEqual(stored, sent);
      const items = [];
      for await (const item of client.responses.inputItems.list(second.id)) items.push(item);
      assert.equal(items[0].content[0].text, "two");
      const counted = await client.responses.inputTokens.count({ model: `${kind}.script-text`, input: "x" });
      assert.ok(counted.input_tokens > 0);
      await client.responses.delete(second.id);
      await assert.rejects(client.responses.retrieve(second.id), OpenAI.NotFoundError);
      await assert.rejects(ask("three", second.id), { status: 404, code: "previous_response_not_found" });
    });
  }

  test(`${kind}: conversations`, async () => {
    const conversation = await client.conversations.create({
      metadata: { topic: "demo" },
      items: [{ type: "message", role: "user", content: "My name is Ann." }],
    });
    const response = await client.responses.create({ model: `${kind}.script-text`, input: "Who am I?", conversation: conversation.id });
    assert.equal(response.conversation.id, conversation.id);
    const added = await client.conversations.items.create(conversation.id, { items: [{ role: "user", content: "Bye." }] });
    const texts = [];
    for await (const item of client.conversations.items.list(conversation.id, { order: "asc", limit: 2 })) texts.push(item.content[0].text);
    assert.deepEqual([texts[0], texts[1], texts.at(-1), texts.length], ["My name is Ann.", "Who am I?", "Bye.", 4]);
    const item = await client.conversations.items.retrieve(added.data[0].id, { conversation_id: conversation.id });
    assert.equal(item.content[0].text, "Bye.");
    await client.conversations.items.delete(item.id, { conversation_id: conversation.id });
    assert.equal((await client.conversations.update(conversation.id, { metadata: { topic: "x" } })).metadata.topic, "x");
    assert.equal((await client.conversations.delete(conversation.id)).deleted, true);
    await assert.rejects(client.conversations.retrieve(conversation.id), OpenAI.NotFoundError);
  });

  test(`${kind}: create`, async () => {
    const response = await client.responses.create({ model: `${kind}.script-text`, input: "hello" });
    assert.equal(response.output_text, "Grüße 🌍 you said: hello");
    assert.equal(response.usage.total_tokens, 26);
    assert.ok(response._request_id);
  });

  test(`${kind}: create with stream: true`, async () => {
    const stream = await client.responses.create({ model: `${kind}.script-text`, input: "hello", stream: true });
    let said = "";
    const types = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "response.output_text.delta") said += event.delta;
    }
    assert.equal(said, "Grüße 🌍 you said: hello");
    assert.equal(types.at(0), "response.created");
    assert.equal(types.at(-1), "response.completed");
  });

  test(`${kind}: responses.stream`, async () => {
    const response = await client.responses.stream({ model: `${kind}.script-text`, input: "hello" }).finalResponse();
    assert.equal(response.output_text, "Grüße 🌍 you said: hello");
  });

  for (const streamed of [false, true]) {
    test(`${kind}: tool loop${streamed ? ", streamed" : ""}`, async () => {
      const ask = (input) => {
        const body = { model: `${kind}.script-parallel-tools`, input, tools };
        return streamed ? client.responses.stream(body).finalResponse() : client.responses.create(body);
      };
      const input = [{ role: "user", content: "The weather?" }];
      const response = await ask(input);
      const calls = response.output.filter((item) => item.type === "function_call");
      assert.deepEqual(calls.map((call) => call.name), ["weather", "forecast"]);
      assert.deepEqual(JSON.parse(calls[1].arguments), { city: "Zürich", number: 1 });
      input.push(...response.output.map(({ parsed_arguments, ...item }) => item));
      for (const call of calls) input.push({ type: "function_call_output", call_id: call.call_id, output: `${call.name} fine` });
      const said = (await ask(input)).output_text;
      assert.match(said, /weather fine/);
      assert.match(said, /forecast fine/);
    });
  }

  test(`${kind}: parse`, async () => {
    const text = { format: zodTextFormat(Person, "person") };
    const response = await client.responses.parse({ model: `${kind}.script-json`, input: "Who?", text });
    assert.deepEqual(response.output_parsed, { name: "Ada", age: 36 });
    const streamed = await client.responses.stream({ model: `${kind}.script-json`, input: "Who?", text }).finalResponse();
    assert.deepEqual(streamed.output_parsed, { name: "Ada", age: 36 });
  });

  test(`${kind}: image`, async () => {
    const content = [
      { type: "input_text", text: "What?" },
      { type: "input_image", image_url: image, detail: "auto" },
    ];
    const response = await client.responses.create({ model: `${kind}.script-text`, input: [{ role: "user", content }] });
    assert.match(response.output_text, /images: 1/);
  });

  test(`${kind}: errors are typed`, async () => {
    for (const [script, type] of [
      ["fault-400", OpenAI.BadRequestError],
      ["fault-401", OpenAI.InternalServerError],
      ["fault-404", OpenAI.NotFoundError],
      ["fault-429", OpenAI.RateLimitError],
      ["fault-500", OpenAI.InternalServerError],
    ]) {
      for (const stream of [false, true]) {
        await assert.rejects(client.responses.create({ model: `${kind}.${script}`, input: "x", stream }), (error) => {
          assert.ok(error instanceof type, `${script}: ${error}`);
          assert.ok(error.requestID);
          return true;
        });
      }
    }
  });

  test(`${kind}: a stream that breaks off is an error`, async () => {
    const read = async () => {
      const stream = await client.responses.create({ model: `${kind}.fault-cut-3`, input: "x", stream: true });
      for await (const event of stream) if (event.type === "response.failed") throw new Error("failed");
    };
    await assert.rejects(read());
  });

  test(`${kind}: a retry succeeds`, async () => {
    const response = await client.responses.create({ model: `${kind}.fault-429-once`, input: "again" }, { maxRetries: 2 });
    assert.equal(response.output_text, "Grüße 🌍 you said: again");
  });
}

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  for (const kind of kinds) assert.ok(names.includes(`${kind}.script-text`));
  assert.equal((await client.models.retrieve("openai.script-text")).id, "openai.script-text");
});

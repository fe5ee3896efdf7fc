"""What OpenAI's SDK for Python does with the gateway, for every kind of provider."""

import asyncio
import json
import os

import openai
import pydantic
import pytest

KINDS = os.environ["KINDS"].split(",")
IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
TOOLS = [
    {
        "type": "function",
        "name": name,
        "description": "The weather.",
        "strict": False,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "number": {"type": "integer"}}},
    }
    for name in ("weather", "forecast")
]


class Person(pydantic.BaseModel):
    name: str
    age: int


@pytest.fixture(scope="session")
def client():
    return openai.OpenAI(base_url=os.environ["GATEWAY_URL"], api_key="any", max_retries=0, timeout=60)


@pytest.mark.parametrize("kind", KINDS)
def test_create(client, kind):
    response = client.responses.create(model=f"{kind}.script-text", input="hello", instructions="Be brief.")
    assert response.output_text == "Grüße 🌍 you said: hello"
    assert response.status == "completed"
    assert response.usage.total_tokens == 26
    assert response._request_id


@pytest.mark.parametrize("kind", KINDS)
def test_create_stream(client, kind):
    with client.responses.create(model=f"{kind}.script-text", input="hello", stream=True) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == "Grüße 🌍 you said: hello" == events[-1].response.output_text
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("kind", KINDS)
def test_stream_helper(client, kind):
    with client.responses.stream(model=f"{kind}.script-text", input="hello") as stream:
        for _ in stream:
            pass
        response = stream.get_final_response()
    assert response.output_text == "Grüße 🌍 you said: hello"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streamed", [False, True])
def test_tool_loop(client, kind, streamed):
    def ask(messages):
        arguments = {"model": f"{kind}.script-parallel-tools", "input": messages, "tools": TOOLS}
        if not streamed:
            return client.responses.create(**arguments)
        with client.responses.stream(**arguments) as stream:
            return stream.get_final_response()

    messages = [{"role": "user", "content": "The weather?"}]
    response = ask(messages)
    calls = [item for item in response.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["weather", "forecast"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Zürich", "number": n} for n in (0, 1)]
    messages += [item.model_dump(exclude_none=True) if streamed else item for item in response.output]
    messages += [{"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name} fine"} for call in calls]
    response = ask(messages)
    assert "weather fine" in response.output_text and "forecast fine" in response.output_text


@pytest.mark.parametrize("kind", KINDS)
def test_parse(client, kind):
    response = client.responses.parse(model=f"{kind}.script-json", input="Who?", text_format=Person)
    assert response.output_parsed == Person(name="Ada", age=36)


@pytest.mark.parametrize("kind", KINDS)
def test_parse_stream(client, kind):
    with client.responses.stream(model=f"{kind}.script-json", input="Who?", text_format=Person) as stream:
        response = stream.get_final_response()
    assert response.output_parsed == Person(name="Ada", age=36)


@pytest.mark.parametrize("kind", KINDS)
def test_image(client, kind):
    content = [{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": IMAGE, "detail": "auto"}]
    response = client.responses.create(model=f"{kind}.script-text", input=[{"role": "user", "content": content}])
    assert "images: 1" in response.output_text


@pytest.mark.parametrize("kind", KINDS)
def test_endings(client, kind):
    response = client.responses.create(model=f"{kind}.script-length", input="x")
    assert response.status == "incomplete" and response.incomplete_details.reason == "max_output_tokens"
    response = client.responses.create(model=f"{kind}.script-refusal", input="x")
    refused = [part for item in response.output if item.type == "message" for part in item.content if part.type == "refusal"]
    assert refused or response.incomplete_details.reason == "content_filter"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("fault-400", openai.BadRequestError),
        ("fault-401", openai.InternalServerError),
        ("fault-404", openai.NotFoundError),
        ("fault-429", openai.RateLimitError),
        ("fault-500", openai.InternalServerError),
    ],
)
def test_errors_are_typed(client, kind, script, error):
    with pytest.raises(error) as raised:
        client.responses.create(model=f"{kind}.{script}", input="x")
    assert raised.value.request_id and raised.value.body["message"]
    with pytest.raises(error):
        client.responses.create(model=f"{kind}.{script}", input="x", stream=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_breaks_off_is_an_error(client, kind):
    with pytest.raises(openai.APIError):
        with client.responses.create(model=f"{kind}.fault-cut-3", input="x", stream=True) as stream:
            last = [event for event in stream][-1]
        assert last.type == "response.failed"
        raise openai.APIError("failed", request=None, body=None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_succeeds(client, kind):
    response = client.with_options(max_retries=2).responses.create(model=f"{kind}.fault-429-once", input="again")
    assert response.output_text == "Grüße 🌍 you said: again"


def test_models(client):
    names = {model.id for model in client.models.list()}
    assert {f"{kind}.script-text" for kind in KINDS} <= names
    assert client.models.retrieve("openai.script-text").id == "openai.script-text"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")


def test_a_wrong_field_is_named(client):
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model="openai.script-text", input="x", temperature=9)
    assert raised.value.param == "temperature" and raised.value.type == "invalid_request"


def test_many_at_once():
    async def ask():
        async with openai.AsyncOpenAI(base_url=os.environ["GATEWAY_URL"], api_key="any") as client:
            answers = await asyncio.gather(
                *(client.responses.create(model=f"{kind}.script-text", input="x") for kind in KINDS for _ in range(5))
            )
            return {answer.output_text for answer in answers}

    assert asyncio.run(ask()) == {"Grüße 🌍 you said: x"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streamed", [False, True])
def test_stored(client, kind, streamed):
    def ask(text, previous=None):
        arguments = {"model": f"{kind}.script-text", "input": text, "previous_response_id": previous}
        if not streamed:
            return client.responses.create(**arguments)
        with client.responses.create(**arguments, stream=True) as stream:
            return list(stream)[-1].response

    first = ask("one")
    second = ask("two", first.id)
    assert second.previous_response_id == first.id
    stored = client.responses.retrieve(second.id)
    assert stored.to_dict() == second.to_dict()
    assert client.responses.retrieve(second.id, include=["reasoning.encrypted_content"]).id == second.id
    items = client.responses.input_items.list(second.id, limit=1, order="asc")
    assert [item.content[0].text for item in items] == ["two"]
    assert client.responses.input_tokens.count(model=f"{kind}.script-text", input="x", previous_response_id=second.id).input_tokens > 0
    assert client.responses.delete(second.id) is None
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(second.id)
    with pytest.raises(openai.NotFoundError) as missing:
        ask("three", second.id)
    assert missing.value.code == "previous_response_not_found"


@pytest.mark.parametrize("kind", KINDS)
def test_tool_loop_on_the_gateways_memory(client, kind):
    model = f"{kind}.script-parallel-tools"
    response = client.responses.create(model=model, input="The weather?", tools=TOOLS)
    calls = [item for item in response.output if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": f"{call.name} fine"} for call in calls]
    response = client.responses.create(model=model, input=results, tools=TOOLS, previous_response_id=response.id)
    assert "weather fine" in response.output_text and "forecast fine" in response.output_text


@pytest.mark.parametrize("kind", KINDS)
def test_conversations(client, kind):
    conversation = client.conversations.create(
        metadata={"topic": "demo"}, items=[{"type": "message", "role": "user", "content": "My name is Ann."}]
    )
    assert client.conversations.retrieve(conversation.id) == conversation
    assert client.conversations.update(conversation.id, metadata={"topic": "x"}).metadata == {"topic": "x"}
    response = client.responses.create(model=f"{kind}.script-text", input="Who am I?", conversation=conversation.id)
    assert response.conversation.id == conversation.id
    with client.responses.create(model=f"{kind}.script-text", input="Sure?", conversation={"id": conversation.id}, stream=True) as stream:
        assert list(stream)[-1].type == "response.completed"
    added = client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "Bye."}])
    items = list(client.conversations.items.list(conversation.id, order="asc", limit=2))
    texts = [item.content[0].text for item in items]
    assert texts[:2] == ["My name is Ann.", "Who am I?"] and texts[3] == "Sure?" and texts[-1] == "Bye." and len(texts) == 6
    item = client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
    assert item.content[0].text == "Bye."
    assert client.conversations.items.delete(item.id, conversation_id=conversation.id).id == conversation.id
    assert client.conversations.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation.id)

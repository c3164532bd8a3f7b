using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/v1/chat/completions: what comes next in a conversation.</summary>
internal static class ChatEndpoint
{
    private const int MostMessages = 1000;

    /// <summary>Answers a request.</summary>
    public static async Task Answer(HttpContext context, ServedModel model, ServerOptions options, CancellationToken cancellationToken)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        model.RequireGeneration();
        ModelEndpoints.CheckName(fields, model);
        List<ChatMessage> messages = Messages(fields);
        bool goesOn = fields.Flag("continue_final_message") ?? false;
        if (goesOn && messages[^1].Role != ChatRole.Assistant)
            throw ApiException.Wrong("continue_final_message", "it where the last message is the assistant's alone");
        int[] prompt = model.Template.Encode(messages, model.Tokenizer, goesOn);
        int samples = fields.Whole("n", 1, SamplingFields.MostAnswers) ?? 1;
        bool tellsTokens = fields.Flag("logprobs") ?? false;
        int? likeliest = fields.Whole("top_logprobs", 0, SamplingFields.MostLikeliest);
        if (likeliest is not null && !tellsTokens)
            throw ApiException.Wrong("top_logprobs", "it where 'logprobs' is true alone");
        foreach (string name in (string[])["tools", "functions", "audio", "prediction", "web_search_options"])
            fields.Refuse(name);
        fields.Refuse("tool_choice", "\"none\"", "\"auto\"");
        fields.Refuse("function_call", "\"none\"", "\"auto\"");
        fields.Refuse("modalities", "[\"text\"]");
        fields.Ignore("parallel_tool_calls", "reasoning_effort", "verbosity");
        int? most = fields.Whole("max_completion_tokens", 0, options.MostTokens), older = fields.Whole("max_tokens", 0, options.MostTokens);
        (bool streams, bool tellsUsage) = SamplingFields.Streaming(fields);
        GenerationRequest request = new()
        {
            ComesInPieces = streams,
            IsJson = SamplingFields.IsJson(fields),
            Prompt = prompt,
            MostTokens = most ?? older ?? Math.Clamp(model.Config.Context - prompt.Length, 1, options.MostTokens),
            Sampling = SamplingFields.Read(fields, model.Config.VocabularySize),
            Stops = [.. SamplingFields.Stops(fields), .. model.Template.Stops],
            EndIds = fields.Flag("ignore_eos") == true ? [] : model.EndIds,
            IsTextStart = !model.Template.TrimsAnswer && !goesOn,
            Likeliest = tellsTokens ? likeliest ?? 0 : null,
        };
        SamplingFields.Rest(fields);

        RunningAnswers answers = RunningAnswers.Start(model, [request], samples, cancellationToken);
        ChatAnswer answer = new(model, answers, tellsTokens, trims: model.Template.TrimsAnswer && !goesOn);
        await (streams ? answer.Stream(context, tellsUsage, cancellationToken) : answer.Write(context, cancellationToken)).ConfigureAwait(false);
    }

    private static List<ChatMessage> Messages(RequestFields fields)
    {
        if (fields.Any("messages") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > MostMessages)
            throw ApiException.Wrong("messages", $"a list of 1 to {MostMessages} messages");
        return [.. list.EnumerateArray().Select((item, i) => Message(new RequestFields(item, $"messages[{i}].")))];
    }

    private static ChatMessage Message(RequestFields fields)
    {
        ChatRole role = fields.Text("role") switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            _ => throw fields.Wrong("role", "one of system, developer, user and assistant"),
        };
        string content = fields.Any("content") switch
        {
            { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(part => Part(new RequestFields(part, "content[].")))),
            { } value => fields.TextOf(value, "content"),
            null => throw fields.Wrong("content", "a text"),
        };
        fields.Ignore("name", "refusal");
        foreach (string name in (string[])["tool_calls", "function_call", "audio"])
            fields.Refuse(name);
        fields.RefuseRest();
        return new ChatMessage(role, content);
    }

    private static string Part(RequestFields fields)
    {
        if (fields.Text("type") != "text")
            throw ApiException.Unsupported("messages", "parts of a message of type 'text' alone are offered here");
        string text = fields.Text("text") ?? throw fields.Wrong("text", "a text");
        fields.RefuseRest();
        return text;
    }

    /// <summary>The answers to one request.</summary>
    private sealed class ChatAnswer(ServedModel model, RunningAnswers answers, bool tellsTokens, bool trims)
    {
        private readonly string _id = Endpoints.Answer.NewId("chatcmpl");
        private readonly long _created = Endpoints.Answer.Now();

        public async Task Write(HttpContext context, CancellationToken cancellationToken)
        {
            WholeAnswer[] whole = await answers.ReadAll(cancellationToken).ConfigureAwait(false);
            await Json.Write(context, json =>
            {
                json.WriteHead(_id, "chat.completion", _created, model);
                json.WriteStartArray("choices");
                for (int i = 0; i < whole.Length; i++)
                {
                    json.WriteStartObject();
                    json.WriteNumber("index", i);
                    json.WriteStartObject("message");
                    json.WriteString("role", "assistant");
                    json.WriteString("content", trims ? whole[i].Text.TrimStart() : whole[i].Text);
                    json.WriteNull("refusal");
                    json.WriteEndObject();
                    json.WriteChatTokens(tellsTokens ? whole[i].Tokens : null, model.Tokenizer);
                    json.WriteString("finish_reason", Endpoints.Answer.WordOf(whole[i].Finish));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteUsage(answers.PromptTokens, whole.Sum(one => one.Made));
                json.WriteEndObject();
            }).ConfigureAwait(false);
        }

        public async Task Stream(HttpContext context, bool tellsUsage, CancellationToken cancellationToken)
        {
            using EventStream events = new(context);
            int count = answers.Readers.Count, made = 0;
            HeldTokens[] held = [.. Enumerable.Range(0, count).Select(_ => new HeldTokens())];
            bool[] begun = new bool[count];
            for (int i = 0; i < count; i++)
                AddChunk(events, tellsUsage, i, role: "assistant", content: "");
            await events.Flush(cancellationToken).ConfigureAwait(false);
            await foreach ((int index, GenerationStep step, bool more) in answers.ReadSteps(cancellationToken).ConfigureAwait(false))
            {
                made += step.Id is null ? 0 : 1;
                string text = trims && !begun[index] ? step.Text.TrimStart() : step.Text;
                begun[index] |= text.Length > 0;
                TokenProbability[] tokens = held[index].Release(step);
                if (text.Length > 0 || tokens.Length > 0)
                    AddChunk(events, tellsUsage, index, content: text, tokens: tellsTokens ? tokens : null);
                if (step.Finish is not null)
                    AddChunk(events, tellsUsage, index, finish: step.Finish);
                await events.Flush(more, cancellationToken).ConfigureAwait(false);
            }

            if (tellsUsage)
                events.Add(json => json.WriteUsageChunk(_id, "chat.completion.chunk", _created, model, answers.PromptTokens, made));

            await events.End(cancellationToken).ConfigureAwait(false);
        }

        private void AddChunk(
            EventStream events, bool tellsUsage, int index, string? role = null, string? content = null, TokenProbability[]? tokens = null, FinishReason? finish = null) =>
            events.Add(json =>
            {
                json.WriteHead(_id, "chat.completion.chunk", _created, model);
                json.WriteStartArray("choices");
                json.WriteStartObject();
                json.WriteNumber("index", index);
                json.WriteStartObject("delta");
                if (role is not null)
                    json.WriteString("role", role);
                if (content is not null)
                    json.WriteString("content", content);
                json.WriteEndObject();
                json.WriteChatTokens(tokens, model.Tokenizer);
                json.WriteString("finish_reason", Endpoints.Answer.WordOf(finish));
                json.WriteEndObject();
                json.WriteEndArray();
                if (tellsUsage)
                    json.WriteNull("usage");
                json.WriteEndObject();
            });
    }
}

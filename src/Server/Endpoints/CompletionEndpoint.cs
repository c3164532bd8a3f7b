using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/v1/completions: goes on with texts.</summary>
internal static class CompletionEndpoint
{
    private const string Kind = "text_completion";
    private const int DefaultTokens = 16;

    /// <summary>Answers a request.</summary>
    public static async Task Answer(HttpContext context, ServedModel model, ServerOptions options, CancellationToken cancellationToken)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        model.RequireGeneration();
        ModelEndpoints.CheckName(fields, model);
        Prompts prompts = Prompts.Read(fields.Any("prompt"), model);
        int samples = fields.Whole("n", 1, SamplingFields.MostAnswers) ?? 1;
        if (fields.Whole("best_of", 1, SamplingFields.MostAnswers) is int best && best != samples)
            throw ApiException.Unsupported("best_of", "'best_of' other than 'n' is not offered here");
        fields.Refuse("suffix", "\"\"");
        if (prompts.Ids.Count * samples > SamplingFields.MostAnswers)
            throw ApiException.Wrong("n", $"at most {SamplingFields.MostAnswers} answers in all");
        int? likeliest = fields.Whole("logprobs", 0, SamplingFields.MostLikeliest);
        bool echoes = fields.Flag("echo") ?? false;
        (bool streams, bool tellsUsage) = SamplingFields.Streaming(fields);
        GenerationRequest request = new()
        {
            ComesInPieces = streams,
            IsJson = SamplingFields.IsJson(fields),
            Prompt = [],
            MostTokens = fields.Whole("max_tokens", 0, options.MostTokens) ?? DefaultTokens,
            Sampling = SamplingFields.Read(fields, model.Config.VocabularySize),
            Stops = SamplingFields.Stops(fields),
            EndIds = fields.Flag("ignore_eos") == true ? [] : model.EndIds,
            Likeliest = likeliest,
            TellsPrompt = echoes && likeliest is not null,
        };
        SamplingFields.Rest(fields);

        GenerationRequest[] requests = [.. prompts.Ids.Select((ids, i) => request with { Prompt = ids, IsTextStart = prompts.Texts[i].Length == 0 })];
        RunningAnswers answers = RunningAnswers.Start(model, requests, samples, cancellationToken);
        CompletionAnswer answer = new(model, answers, [.. prompts.Texts.SelectMany(text => Enumerable.Repeat(echoes ? text : "", samples))], likeliest is not null);
        await (streams ? answer.Stream(context, tellsUsage, cancellationToken) : answer.Write(context, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>The answers to one request.</summary>
    /// <param name="model">The model.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="echoes">What stands before each.</param>
    /// <param name="tellsTokens">Whether the probabilities of tokens are told.</param>
    private sealed class CompletionAnswer(ServedModel model, RunningAnswers answers, string[] echoes, bool tellsTokens)
    {
        private readonly string _id = Endpoints.Answer.NewId("cmpl");
        private readonly long _created = Endpoints.Answer.Now();

        public async Task Write(HttpContext context, CancellationToken cancellationToken)
        {
            WholeAnswer[] whole = await answers.ReadAll(cancellationToken).ConfigureAwait(false);
            await Json.Write(context, json =>
            {
                json.WriteHead(_id, Kind, _created, model);
                json.WriteStartArray("choices");
                for (int i = 0; i < whole.Length; i++)
                    WriteChoice(json, i, echoes[i] + whole[i].Text, tellsTokens ? [.. whole[i].Prompt, .. whole[i].Tokens] : null, 0, whole[i].Finish);
                json.WriteEndArray();
                json.WriteUsage(answers.PromptTokens, whole.Sum(one => one.Made));
                json.WriteEndObject();
            }).ConfigureAwait(false);
        }

        public async Task Stream(HttpContext context, bool tellsUsage, CancellationToken cancellationToken)
        {
            using EventStream events = new(context);
            HeldTokens[] held = [.. echoes.Select(_ => new HeldTokens())];
            int[] offsets = new int[echoes.Length];
            bool[] begun = new bool[echoes.Length];
            int made = 0;
            await foreach ((int index, GenerationStep step, bool more) in answers.ReadSteps(cancellationToken).ConfigureAwait(false))
            {
                made += step.Id is null ? 0 : 1;
                TokenProbability[] tokens = [.. step.Prompt ?? [], .. held[index].Release(step)];
                string text = (begun[index] ? "" : echoes[index]) + step.Text;
                begun[index] = true;
                if (text.Length > 0 || tokens.Length > 0 || step.Finish is not null)
                {
                    events.Add(json =>
                    {
                        json.WriteHead(_id, Kind, _created, model);
                        json.WriteStartArray("choices");
                        offsets[index] = WriteChoice(json, index, text, tellsTokens ? tokens : null, offsets[index], step.Finish);
                        json.WriteEndArray();
                        if (tellsUsage)
                            json.WriteNull("usage");
                        json.WriteEndObject();
                    });
                }

                await events.Flush(more, cancellationToken).ConfigureAwait(false);
            }

            if (tellsUsage)
                events.Add(json => json.WriteUsageChunk(_id, Kind, _created, model, answers.PromptTokens, made));

            await events.End(cancellationToken).ConfigureAwait(false);
        }

        private int WriteChoice(Utf8JsonWriter json, int index, string text, IReadOnlyList<TokenProbability>? tokens, int offset, FinishReason? finish)
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            json.WriteString("text", text);
            int next = json.WriteCompletionTokens(tokens, offset, model.Tokenizer);
            json.WriteString("finish_reason", Endpoints.Answer.WordOf(finish));
            json.WriteEndObject();
            return next;
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using MiniGpt.Model.Generation;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;
using OurMessage = MiniGpt.Model.Generation.ChatMessage;
using OurRole = MiniGpt.Model.Generation.ChatRole;

namespace MiniGpt.Extensions.AI;

/// <summary>
/// A model in this process as a chat client. Any number of callers may use it at once: their answers are written side by side. Every call is an
/// activity of the source "MiniGpt", with the names that OpenTelemetry has for generative models.
/// </summary>
/// <param name="model">The model, which stays the caller's to dispose of.</param>
public sealed class MiniGptChatClient(TextModel model) : IChatClient
{
    private const string Provider = "minigpt";
    private const int MostTokens = 4096; // where the caller does not say

    private static readonly ActivitySource s_activities = new("MiniGpt");

    private readonly GenerationService<float> _service = model.Generation
        ?? throw new ArgumentException($"the model '{model.Id}' does not go on with a text, so it cannot chat", nameof(model));
    private readonly ChatClientMetadata _metadata = new(Provider, null, model.Id);

    /// <summary>The whole answer.</summary>
    /// <param name="messages">What was said, texts alone.</param>
    /// <param name="options">How the answer is written; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <exception cref="ArgumentException">A value makes no sense, or the conversation does not fit into the context.</exception>
    /// <exception cref="NotSupportedException">Something is asked for that the model cannot do, such as calling tools.</exception>
    /// <exception cref="InvalidOperationException">Too many wait already.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>The answer as it is written.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        GenerationRequest request = RequestOf(messages, options ?? new ChatOptions());
        using Activity? activity = s_activities.StartActivity($"chat {model.Id}", ActivityKind.Client);
        activity?.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", Provider).SetTag("gen_ai.request.model", model.Id);
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ChannelReader<GenerationStep> steps = _service.TryStart(request, left.Token)
            ?? throw new InvalidOperationException("too many conversations wait already");
        string id = RandomNumberGenerator.GetHexString(24, lowercase: true);
        int made = 0;
        bool trims = model.Template.TrimsAnswer;
        try
        {
            await foreach (GenerationStep step in steps.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                made += step.Id is null ? 0 : 1;
                string text = trims ? step.Text.TrimStart() : step.Text;
                trims &= text.Length == 0;
                if (text.Length > 0)
                    yield return Update(text);
                if (step.Finish is { } finish)
                    yield return End(finish);
            }
        }
        finally
        {
            left.Cancel(); // whoever stops reading has no more use for the rest
            activity?.SetTag("gen_ai.usage.input_tokens", request.Prompt.Count).SetTag("gen_ai.usage.output_tokens", made);
        }

        ChatResponseUpdate Update(string? text) => new(ChatRole.Assistant, text) { ResponseId = id, MessageId = id, ModelId = model.Id };

        ChatResponseUpdate End(FinishReason finish)
        {
            ChatResponseUpdate update = Update(null);
            update.FinishReason = finish == FinishReason.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;
            update.Contents.Add(new UsageContent(new UsageDetails
            {
                InputTokenCount = request.Prompt.Count,
                OutputTokenCount = made,
                TotalTokenCount = request.Prompt.Count + made,
            }));
            return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? _metadata
        : serviceType == typeof(TextModel) ? model
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Does nothing: the model is its owner's.</summary>
    public void Dispose()
    {
    }

    private GenerationRequest RequestOf(IEnumerable<ChatMessage> messages, ChatOptions options)
    {
        if (options.Tools is { Count: > 0 })
            throw new NotSupportedException("the model cannot call tools");
        if (options.ResponseFormat is ChatResponseFormatJson { Schema: not null })
            throw new NotSupportedException("the model answers in text, or in JSON of any form");
        List<OurMessage> said = [.. messages.Select(MessageOf)];
        if (options.Instructions is { Length: > 0 } instructions)
            said.Insert(0, new OurMessage(OurRole.System, instructions));
        int[] prompt = model.Template.Encode(said, model.Tokenizer);
        if (prompt.Length > model.Config.Context)
            throw new ArgumentException($"the conversation has {prompt.Length} tokens, more than the model's context of {model.Config.Context}", nameof(messages));
        return new GenerationRequest
        {
            Prompt = prompt,
            MostTokens = options.MaxOutputTokens ?? Math.Clamp(model.Config.Context - prompt.Length, 1, MostTokens),
            Stops = [.. options.StopSequences ?? [], .. model.Template.Stops],
            EndIds = model.EndIds,
            IsJson = options.ResponseFormat is ChatResponseFormatJson,
            IsTextStart = !model.Template.TrimsAnswer,
            Sampling = new SamplingOptions
            {
                Temperature = options.Temperature ?? 1,
                TopP = options.TopP ?? 1,
                TopK = options.TopK,
                PresencePenalty = options.PresencePenalty ?? 0,
                FrequencyPenalty = options.FrequencyPenalty ?? 0,
                Seed = options.Seed is long seed ? unchecked((ulong)seed) : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
            },
        };
    }

    private static OurMessage MessageOf(ChatMessage message)
    {
        if (message.Contents.Any(content => content is not TextContent))
            throw new NotSupportedException("the model reads text alone");
        return new OurMessage(
            message.Role == ChatRole.System ? OurRole.System
            : message.Role == ChatRole.User ? OurRole.User
            : message.Role == ChatRole.Assistant ? OurRole.Assistant
            : throw new NotSupportedException($"nobody speaks as '{message.Role}' here; system, user and assistant do"),
            message.Text);
    }
}

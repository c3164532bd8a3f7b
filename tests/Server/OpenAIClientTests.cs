using System.ClientModel;
using System.ClientModel.Primitives;
using MiniGpt.Model.Generation;
using MiniGpt.Server;
using MiniGpt.Tests.Model.Generation;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using Xunit;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace MiniGpt.Tests.Server;

/// <summary>OpenAI's own client for .NET understands every answer.</summary>
public sealed class OpenAIClientTests(ServedTinyModel server) : IClassFixture<ServedTinyModel>
{
    private static readonly ChatMessage[] s_messages = [new SystemChatMessage("B"), new UserChatMessage("Hi")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chat_whole_and_in_pieces()
    {
        ChatClient chat = Client().GetChatClient("tiny");
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 30, Temperature = 0.7f, FrequencyPenalty = 0.5f };
#pragma warning disable OPENAI001 // the seed
        options.Seed = 5;
#pragma warning restore OPENAI001
        ChatCompletion whole = await chat.CompleteChatAsync(s_messages, options, Token);
        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal((30, "tiny"), (whole.Usage.OutputTokenCount, whole.Model));
        List<string> pieces = [];
        ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(s_messages, options, Token))
        {
            pieces.AddRange(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, string.Concat(pieces));
        Assert.InRange(pieces.Count, 20, 40);
        Assert.Equal((ChatFinishReason.Length, 30), (finish, usage!.OutputTokenCount));
    }

    [Fact]
    public async Task Stop_texts_and_probabilities()
    {
        ChatClient chat = Client().GetChatClient("tiny");
        ChatCompletion whole = await chat.CompleteChatAsync(s_messages, new ChatCompletionOptions { MaxOutputTokenCount = 30, Temperature = 0 }, Token);
        string text = whole.Content[0].Text, stop = text[8..11];
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 30, Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 };
        options.StopSequences.Add(stop);
        ChatCompletion stopped = await chat.CompleteChatAsync(s_messages, options, Token);
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], stopped.Content[0].Text);
        Assert.Equal(stopped.Content[0].Text, string.Concat(stopped.ContentTokenLogProbabilities.Select(token => token.Token)).TrimStart());
        Assert.All(stopped.ContentTokenLogProbabilities, token =>
        {
            Assert.InRange(token.LogProbability, -20, 0);
            Assert.Equal(2, token.TopLogProbabilities.Count);
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
        });
    }

    [Fact]
    public async Task Vectors_of_length_one_that_are_the_mean_of_the_last_state()
    {
        EmbeddingClient embeddings = Client().GetEmbeddingClient("tiny");
        OpenAIEmbeddingCollection found = await embeddings.GenerateEmbeddingsAsync(["To be", "or not"], cancellationToken: Token);
        Assert.Equal(2, found.Count);
        using TextVectors vectors = new(TinyModels.Get("trained"));
        float[] expected = vectors.Of(TinyModels.Tokenizer.Encode("or not"));
        float length = MathF.Sqrt(expected.Sum(x => x * x));
        Assert.All(expected.Zip(found[1].ToFloats().ToArray()), pair => Assert.Equal(pair.First / length, pair.Second, 1e-4f));
        Assert.Equal(11, found.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task The_list_of_models()
    {
        OpenAIModelClient models = Client().GetOpenAIModelClient();
        Assert.Equal("tiny", (await models.GetModelsAsync(Token)).Value.Single().Id);
        Assert.Equal("minigpt", (await models.GetModelAsync("tiny", Token)).Value.OwnedBy);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => models.GetModelAsync("other", Token))).Status);
    }

    [Fact]
    public async Task Errors_say_what_is_wrong()
    {
        ChatClient chat = Client().GetChatClient("gpt-4o");
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(() => chat.CompleteChatAsync(s_messages, cancellationToken: Token));
        Assert.Equal(404, error.Status);
        Assert.Contains("there is no model 'gpt-4o'", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<ClientResultException>(() => Client().GetChatClient("tiny")
            .CompleteChatAsync(s_messages, new ChatCompletionOptions { Temperature = 9 }, Token));
        Assert.Equal(400, error.Status);
        Assert.Contains("'temperature'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_nobody_reads_to_its_end_frees_its_place()
    {
        await using ModelServer single = await ServedTinyModel.Start(new ServerOptions { Generation = new() { Parallel = 1, MostQueued = 0 }, MostTokens = int.MaxValue });
        ChatClient chat = Client(single).GetChatClient("tiny");
        ChatCompletionOptions endless = new() { MaxOutputTokenCount = int.MaxValue };
        using (CancellationTokenSource away = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                int pieces = 0;
                await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(s_messages, endless, away.Token))
                {
                    if (++pieces == 5)
                        away.Cancel();
                }
            });
        }

        ChatCompletionOptions few = new() { MaxOutputTokenCount = 3 };
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Assert.Equal(3, (await chat.CompleteChatAsync(s_messages, few, Token)).Value.Usage.OutputTokenCount);
                break;
            }
            catch (ClientResultException error) when (error.Status == 429 && attempt < 100)
            {
                await Task.Delay(20, Token); // it takes a moment to hear of it
            }
        }
    }

    private OpenAIClient Client() => Client(server.Address);

    private static OpenAIClient Client(ModelServer to) => Client(to.Address);

    private static OpenAIClient Client(Uri address) => new(new ApiKeyCredential("none"), new OpenAIClientOptions
    {
        Endpoint = new Uri(address, "/v1"),
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    });
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using MiniGpt.Extensions.AI;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Tests.Model.Generation;
using Xunit;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace MiniGpt.Tests.Extensions.AI;

/// <summary>A model in the process behind the platform's own interfaces.</summary>
public sealed class MiniGptChatClientTests : IDisposable
{
    private static readonly ChatMessage[] s_messages = [new(ChatRole.User, "Who is it?")];

    private readonly TextModel _model = new("tiny", TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task It_answers_whole_and_in_pieces_what_the_model_writes()
    {
        using MiniGptChatClient client = new(_model);
        ChatOptions options = new() { MaxOutputTokens = 30, Temperature = 0.8f, Seed = 5, TopK = 20 };
        Generator<float> generator = new(TinyModels.Get("trained").ForReading());
        SamplingOptions sampling = new() { Temperature = 0.8f, Seed = 5, TopK = 20 };
        string expected = TinyModels.Tokenizer.Decode(
            [.. generator.Generate(TinyModels.Tokenizer.Encode("User: Who is it?\nAssistant:"), sampling).Take(30)]).TrimStart();
        ChatResponse whole = await client.GetResponseAsync(s_messages, options, Token);
        Assert.Equal((expected, ChatFinishReason.Length, "tiny"), (whole.Text, whole.FinishReason, whole.ModelId));
        Assert.Equal((27L, 30L), (whole.Usage!.InputTokenCount, whole.Usage.OutputTokenCount));
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(s_messages, options, Token))
            updates.Add(update);
        Assert.Equal(expected, string.Concat(updates.Select(update => update.Text)));
        Assert.InRange(updates.Count, 25, 31);
    }

    [Fact]
    public async Task What_it_cannot_do_is_refused_and_who_stops_reading_frees_the_place()
    {
        using MiniGptChatClient client = new(_model);
        AITool tool = AIFunctionFactory.Create(() => 1, "one");
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync(s_messages, new ChatOptions { Tools = [tool] }, Token));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync(s_messages, new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("{}").RootElement) }, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync(s_messages, new ChatOptions { Temperature = -1 }, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync([new(ChatRole.User, new string('a', 40))], null, Token));
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(s_messages, new ChatOptions { MaxOutputTokens = int.MaxValue }, Token))
        {
            Assert.NotNull(update);
            break;
        }

        for (int i = 0; i < 500 && _model.Generation!.Counts.Running > 0; i++)
            await Task.Delay(10, Token);
        Assert.Equal(0, _model.Generation!.Counts.Running);
    }

    [Fact]
    public async Task One_line_brings_a_model_folder_into_an_application()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Root, "mine");
        ModelFolder.Save(path, TinyModels.Get("trained"), TinyModels.Tokenizer);
        await using ServiceProvider services = new ServiceCollection().AddMiniGpt(path).BuildServiceProvider();
        IChatClient chat = services.GetRequiredService<IChatClient>();
        Assert.Equal("mine", chat.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(services.GetRequiredService<TextModel>(), chat.GetService<TextModel>());
        Assert.Equal(4, (await chat.GetResponseAsync(s_messages, new ChatOptions { MaxOutputTokens = 4 }, Token)).Usage!.OutputTokenCount);
        var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        GeneratedEmbeddings<Embedding<float>> vectors = await generator.GenerateAsync(["To be", "or not"], cancellationToken: Token);
        using TextVectors expected = new(TinyModels.Get("trained").ForReading());
        Assert.Equal(expected.OfLengthOne(TinyModels.Tokenizer.Encode("or not")), vectors[1].Vector.ToArray());
        Assert.Equal(11, vectors.Usage!.InputTokenCount);
        await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(["x"], new EmbeddingGenerationOptions { Dimensions = 3 }, Token));
    }

    [Fact]
    public async Task Activities_and_meters_tell_of_every_answer()
    {
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "MiniGpt",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities)
                    activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        long made = 0;
        using MeterListener meters = new() { InstrumentPublished = (instrument, self) => { if (instrument.Name == "minigpt.tokens.generated") self.EnableMeasurementEvents(instrument); } };
        meters.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref made, count));
        meters.Start();
        TextModel own = new("own", TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer);
        await using (own)
        {
            using MiniGptChatClient client = new(own);
            await client.GetResponseAsync(s_messages, new ChatOptions { MaxOutputTokens = 9 }, Token);
        }

        Activity chat = Assert.Single(activities, activity => activity.DisplayName == "chat own");
        Assert.Equal((27, 9), ((int)chat.GetTagItem("gen_ai.usage.input_tokens")!, (int)chat.GetTagItem("gen_ai.usage.output_tokens")!));
        Assert.InRange(Interlocked.Read(ref made), 9, long.MaxValue); // other tests may write at the same time
    }
}

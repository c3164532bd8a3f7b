using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>The generator as a program uses it that loads a model and streams from it.</summary>
public sealed class GeneratorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_example_of_the_README_streams_what_the_ids_say()
    {
        ModelFolder.Save(_folder.File("tiny"), TinyModels.Get("trained"), TinyModels.Tokenizer);

        LoadedModel<float> model = ModelFile.Load<float>(_folder.File("tiny"));
        var generator = new Generator<float>(model);
        StringWriter console = new();
        await foreach (string piece in generator.StreamAsync("ROMEO:", new SamplingOptions { Temperature = 0.8 }, tokens: 50))
            await console.WriteAsync(piece);

        int[] ids = [.. generator.Generate(model.Tokenizer!.Encode("ROMEO:"), new SamplingOptions { Temperature = 0.8 }).Take(50)];
        Assert.Equal(model.Tokenizer.Decode(ids), console.ToString());
    }

    [Fact]
    public async Task A_stream_ends_where_it_is_cancelled()
    {
        using CancellationTokenSource source = new();
        int pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string _ in NewGenerator().StreamAsync("A", tokens: int.MaxValue).WithCancellation(source.Token))
            {
                if (++pieces == 5)
                    await source.CancelAsync();
            }
        });
        Assert.Equal(5, pieces);
    }

    [Fact]
    public async Task A_stream_ends_before_a_stop_text()
    {
        string whole = await Read(NewGenerator().StreamAsync("A", tokens: 60)), stop = whole[10..13];
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], await Read(NewGenerator().StreamAsync("A", tokens: 60, stops: [stop])));
    }

    [Fact]
    public async Task Two_streams_of_one_model_at_once_are_those_of_one_after_the_other()
    {
        Generator<float> generator = NewGenerator();
        string first = await Read(generator.StreamAsync("A", tokens: 100)), second = await Read(generator.StreamAsync("B", tokens: 100));
        Assert.Equal([first, second], await Task.WhenAll(
            Task.Run(() => Read(NewGenerator().StreamAsync("A", tokens: 100)), TestContext.Current.CancellationToken),
            Task.Run(() => Read(generator.StreamAsync("B", tokens: 100)), TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void What_makes_no_sense_is_refused_before_anything_is_made()
    {
        Assert.Throws<ArgumentException>(() => NewGenerator().StreamAsync("A", new SamplingOptions { TopK = 0 }));
        Assert.Throws<ArgumentException>(() => NewGenerator().StreamAsync("A", tokens: -1));
        Assert.ThrowsAny<Exception>(() => NewGenerator().StreamAsync("~"));
        Assert.Throws<ArgumentException>(() => new Generator<float>(TinyModels.Get("trained")).StreamAsync("A"));
        Assert.Throws<ArgumentException>(() => NewGenerator().Generate([], new SamplingOptions()));
        Assert.Throws<ArgumentException>(() => NewGenerator().Generate([65], new SamplingOptions()));
    }

    private static Generator<float> NewGenerator() => new(TinyModels.Get("trained"), TinyModels.Tokenizer);

    private static async Task<string> Read(IAsyncEnumerable<string> pieces)
    {
        StringWriter text = new();
        await foreach (string piece in pieces)
            await text.WriteAsync(piece);
        return text.ToString();
    }
}

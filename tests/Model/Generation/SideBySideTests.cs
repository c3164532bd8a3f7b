using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>Threads that each take some of the texts through a small model.</summary>
[Collection("Alone")]
public class SideBySideTests
{
    private const int Texts = 16;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Texts_that_threads_share_have_the_bits_of_each_alone(int threads)
    {
        Decoder<float> model = Model();
        int[][] prompts = [.. Enumerable.Range(0, Texts).Select(i => Enumerable.Range(0, 1 + i * 9).Select(k => (k * k + i) % 65).ToArray())];
        int[] next = [.. prompts.Select((_, i) => i * 3 % 65)], rows = [.. Enumerable.Range(0, Texts)], positions = [.. prompts.Select(prompt => prompt.Length)];
        using IncrementalDecoder<float> alone = new(model, Texts), together = new(model, Texts);
        float[][] prompted = [.. rows.Select(i => alone.Logits(prompts[i], 0, i).Span.ToArray())];
        float[][] expected = [.. rows.Select(i => alone.Logits([next[i]], positions[i], i).Span.ToArray())];
        WithThreads(threads, () =>
        {
            Assert.True(together.ReadsSideBySide);
            together.BeginPieces();
            foreach (int i in rows)
                together.AddPiece(prompts[i], 0, i);
            Assert.Equal(prompted, Rows(together.LogitsOfPieces()));
            foreach (int texts in (int[])[Texts, 11, 8, 7, 1])
                Assert.Equal(expected[..texts], Rows(together.Logits(next.AsSpan(0, texts), rows.AsSpan(0, texts), positions.AsSpan(0, texts))));
        });
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 4)]
    [InlineData(3, 6)]
    public void Prompts_that_come_at_once_are_read_at_once_two_for_each_thread(int threads, int expected) => WithThreads(threads, () =>
    {
        using ContinuousBatch<float> batch = new(Model(), places: 8, blocks: 0);
        BatchedText[] texts = [.. Enumerable.Range(0, 8).Select(i => TextOf([i, 1, 2]))];
        foreach (BatchedText text in texts)
            batch.Add(text);
        batch.Step();
        Assert.Equal(expected, texts.Count(text => text.Made == 1));
    });

    [Fact]
    public void Prompts_that_begin_alike_wait_for_each_other_and_share_what_was_read() => WithThreads(2, () =>
    {
        using ContinuousBatch<float> batch = new(Model(), places: 2, blocks: 0);
        BatchedText[] texts = [TextOf([1, 2, 3, 4, 5, 6]), TextOf([1, 2, 3, 4, 5, 7])];
        foreach (BatchedText text in texts)
            batch.Add(text);
        batch.Step();
        Assert.Equal((1, 0, 0L), (texts[0].Made, texts[1].Made, batch.TokensShared));
        batch.Step();
        Assert.Equal((2, 1, 5L), (texts[0].Made, texts[1].Made, batch.TokensShared));
    });

    [Fact]
    public void A_token_of_texts_that_threads_share_allocates_nothing()
    {
        int[] ids = new int[Texts], rows = [.. Enumerable.Range(0, Texts)], positions = new int[Texts];
        using IncrementalDecoder<float> decoder = new(Model(), Texts);
        WithThreads(2, () => Allocations.AssertNone(() => decoder.Logits(ids, rows, positions)));
    }

    [Fact]
    public void A_model_as_it_was_trained_is_not_shared_since_its_products_depend_on_their_rows()
    {
        Decoder<float> model = new(Llama.Config(new(65, 150, 2, 4, 48) { KeyHeads = 2 }));
        model.Initialize(3);
        using IncrementalDecoder<float> decoder = new(model, Texts);
        WithThreads(2, () => Assert.False(decoder.ReadsSideBySide));
    }

    private static Decoder<float> Model()
    {
        Decoder<float> model = new(Llama.Config(new(65, 150, 2, 4, 48) { KeyHeads = 2 }));
        model.Initialize(3);
        return model.ForReading();
    }

    private static BatchedText TextOf(int[] prompt) =>
        new(new GenerationRequest { Prompt = prompt, MostTokens = 5 }, context: 150, tokenizer: null, tokens: 65, leader: null, CancellationToken.None);

    private static IEnumerable<float[]> Rows(Tensor<float> logits) => [.. Enumerable.Range(0, logits.Shape[0]).Select(i => logits.Slice(0, i, 1).Span.ToArray())];

    private static void WithThreads(int threads, Action work)
    {
        int before = Workers.Count;
        try
        {
            Workers.Count = threads;
            work();
        }
        finally
        {
            Workers.Count = before;
        }
    }
}

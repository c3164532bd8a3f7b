using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>The cache changes how fast tokens come, and nothing else.</summary>
[Collection("Alone")]
public class CachedGenerationTests
{
    private static readonly SamplingOptions s_greedy = new() { Temperature = 0 };

    public static TheoryData<string> Models => ["recorded", "trained"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Greedy_ids_are_those_of_the_whole_model_without_a_cache_past_the_end_of_the_context_too(string name)
    {
        Decoder<float> gpt = TinyModels.Get(name);
        int[] prompt = [3, 1, 4];
        int[] expected = [.. WithoutCache(gpt, prompt).Take(5 * gpt.Config.Context)];
        Assert.Equal(expected, new Generator<float>(gpt.ForReading()).Generate(prompt, s_greedy).Take(expected.Length));
    }

    [Fact]
    public void A_model_that_sees_forward_is_not_continued_with_what_it_remembers()
    {
        TransformerConfig config = Gpt2.Config(5, 4, 1, 1, 4);
        Decoder<float> model = new(config with { Attention = config.Attention with { IsCausal = false } });
        Assert.Contains("sees forward", Assert.Throws<ArgumentException>(() => new IncrementalDecoder<float>(model)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_batch_of_samples_and_each_of_them_alone_are_the_same_on_one_thread_and_on_three(string name)
    {
        Decoder<float> gpt = TinyModels.Get(name);
        int length = 3 * gpt.Config.Context;
        SamplingOptions options = new() { Temperature = 1, TopK = 20 };
        int threads = Workers.Count;
        try
        {
            Workers.Count = 1;
            int[][] alone = [.. Enumerable.Range(0, 7).Select(sample => new Generator<float>(gpt.ForReading()).Generate([5, 6], options, sample).Take(length).ToArray())];
            Assert.NotEqual(alone[0], alone[1]);
            Assert.Equal(alone, Batch(gpt, options, 7, length));
            Workers.Count = 3;
            Assert.Equal(alone, Batch(gpt, options, 7, length));
        }
        finally
        {
            Workers.Count = threads;
        }
    }

    [Fact]
    public void Logits_have_the_same_bits_one_by_one_and_together_and_in_any_company()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        Decoder<float> frozen = gpt.ForReading();
        int context = gpt.Config.Context;
        int[] ids = [.. Enumerable.Range(0, context).Select(i => i * 7 % gpt.Config.VocabularySize)];
        using IncrementalDecoder<float> together = new(frozen), alone = new(frozen, texts: 3);
        float[] expected = together.Logits(ids, 0, everywhere: true).Span.ToArray();
        for (int cut = 1; cut < 12; cut++)
        {
            List<float> pieces = [];
            for (int at = 0; at < context; at += cut)
                pieces.AddRange(alone.Logits(ids.AsSpan(at, Math.Min(cut, context - at)), at, text: cut % 3, everywhere: true).Span);
            Assert.Equal(expected, pieces);
        }

        // Three texts of which the middle one is this one.
        for (int at = 0; at < context; at++)
        {
            Tensor<float> logits = alone.Logits([1, ids[at], 2], at, texts: 3);
            Assert.Equal(expected[(at * gpt.Config.VocabularySize)..((at + 1) * gpt.Config.VocabularySize)], logits.Slice(0, 1, 1).Span.ToArray());
        }
    }

    [Theory]
    [InlineData(Activation.GeluErf)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void Logits_in_double_are_those_of_the_whole_model(Activation activation)
    {
        Decoder<double> gpt = new(Gpt2.Config(37, 150, 2, 3, 33) with { FeedForward = new() { Width = 50, Activation = activation }, Head = HeadKind.Own });
        gpt.Initialize(5);
        int[] ids = [.. Enumerable.Range(0, 150).Select(i => i * i % 37)];
        using Tape<double> tape = new(records: false);
        double[] expected = gpt.Forward(tape, Tensor<int>.From(ids, [1, ids.Length])).Value.Span.ToArray();
        using IncrementalDecoder<double> cached = new(gpt.ForReading());
        Assert.All(expected.Zip(cached.Logits(ids, 0, everywhere: true).Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void A_sample_that_ends_leaves_the_others_as_they_are()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        SamplingOptions options = new() { Temperature = 1 };
        int[][] alone = [.. Enumerable.Range(0, 4).Select(sample => new Generator<float>(gpt.ForReading()).Generate([5], options, sample).Take(60).ToArray())];
        List<int>[] actual = [[], [], [], []];
        using TokenStreams<float> streams = new(gpt.ForReading(), options, 4);
        streams.Append([5]);
        for (int made = 1; made <= 40; made++)
        {
            int[] next = streams.Next().ToArray(), samples = [.. streams.Samples];
            for (int i = next.Length - 1; i >= 0; i--)
            {
                actual[samples[i]].Add(next[i]);
                if (made == 10 * (samples[i] + 1))
                    streams.End(i);
            }
        }

        Assert.All(Enumerable.Range(0, 4), sample => Assert.Equal(alone[sample].Take(10 * (sample + 1)), actual[sample]));
    }

    [Fact]
    public void A_text_put_behind_what_was_made_goes_on_from_all_of_it()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        using TokenStreams<float> streams = new(gpt.ForReading(), s_greedy);
        streams.Append([1, 2, 3]);
        int[] first = [streams.Next()[0], streams.Next()[0]];
        streams.Append([4, 5]);
        Assert.Equal(WithoutCache(gpt, [1, 2, 3, .. first, 4, 5]).Take(8), Enumerable.Range(0, 8).Select(_ => streams.Next()[0]));
    }

    [Fact]
    public async Task Two_generators_of_one_model_in_two_threads_write_what_one_writes_after_the_other()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        SamplingOptions options = new() { Temperature = 1 };
        int[][] expected = [.. Enumerable.Range(0, 2).Select(Write)];
        for (int round = 0; round < 5; round++)
        {
            Task<int[]>[] tasks = [.. Enumerable.Range(0, 2).Select(sample => Task.Run(() => Write(sample), TestContext.Current.CancellationToken))];
            Assert.Equal(expected, await Task.WhenAll(tasks));
        }

        int[] Write(int sample) => [.. new Generator<float>(gpt.ForReading()).Generate([7], options, sample).Take(200)];
    }

    [Fact]
    public void A_token_allocates_nothing_once_warm()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        SamplingOptions options = new() { TopK = 30, TopP = 0.95, MinP = 0.01 };
        using TokenStreams<float> streams = new(gpt.ForReading(), options, 3);
        streams.Append([1]);
        Allocations.AssertNone(() =>
        {
            for (int i = 0; i < 3 * gpt.Config.Context; i++)
                streams.Next();
        });
    }

    [Fact]
    public void What_cannot_be_continued_is_refused_in_words()
    {
        using TokenStreams<float> streams = new(TinyModels.Get("trained").ForReading(), s_greedy);
        Assert.Contains("no text to continue", Assert.Throws<ArgumentException>(() => streams.Next()).Message);
        Assert.Contains("the id 65, outside of the vocabulary of 65", Assert.Throws<ArgumentException>(() => streams.Append([65])).Message);
        Assert.Contains("the temperature", Assert.Throws<ArgumentException>(() => streams.SetTemperature(-1)).Message);
    }

    private static int[][] Batch(Decoder<float> gpt, SamplingOptions options, int samples, int length)
    {
        using TokenStreams<float> streams = new(gpt.ForReading(), options, samples);
        streams.Append([5, 6]);
        int[][] ids = [.. Enumerable.Range(0, samples).Select(_ => new int[length])];
        for (int i = 0; i < length; i++)
        {
            ReadOnlySpan<int> next = streams.Next();
            for (int sample = 0; sample < samples; sample++)
                ids[sample][i] = next[sample];
        }

        return ids;
    }

    /// <summary>Greedy ids from the model as it is trained, the whole window anew for every token.</summary>
    private static IEnumerable<int> WithoutCache(Decoder<float> gpt, IEnumerable<int> prompt)
    {
        using Tape<float> tape = new(records: false);
        foreach (int id in Greedy.Continue(LogitsOf, prompt, gpt.Config.Context))
            yield return id;

        float[] LogitsOf(int[] window)
        {
            tape.Reset();
            return gpt.Forward(tape, Tensor<int>.From(window, [1, window.Length])).Value.Slice(1, window.Length - 1, 1).Span.ToArray();
        }
    }
}

using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

public class QuantizedGenerationTests
{
    [Fact]
    public void Eight_bits_cost_a_trained_model_no_more_than_a_hundredth_of_its_validation_loss()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        double full = Loss(gpt.ForReading()), quantized = Loss(QuantizedDecoder.From(gpt));
        Assert.InRange(full, 1, 3);
        Assert.InRange(quantized - full, -0.01, 0.01);
    }

    [Fact]
    public void Eight_bits_and_a_scale_for_32_of_them_are_what_a_token_reads()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        Assert.Equal(36.0 / 128, QuantizedDecoder.From(gpt).BytesOfToken / (double)gpt.ForReading().BytesOfToken, 1e-9);
    }

    [Fact]
    public void A_file_of_eight_bits_says_the_same_and_is_not_needed_once_it_was_read()
    {
        Decoder<float> gpt = TinyModels.Get("trained");
        using TemporaryFolder folder = new();
        ModelFile.Save(folder.File("tiny.gguf"), gpt, type: StoredType.Q8_0);
        ModelFile file = ModelFile.Open(folder.File("tiny.gguf"));
        Decoder<float> frozen = file.LoadForReading();
        file.Dispose();
        Assert.Equal(QuantizedDecoder.From(gpt).BytesOfToken, frozen.BytesOfToken);
        SamplingOptions options = new() { Temperature = 1 };
        Assert.Equal(
            new Generator<float>(QuantizedDecoder.From(gpt)).Generate([7], options).Take(100),
            new Generator<float>(frozen).Generate([7], options).Take(100));
    }

    [Theory]
    [InlineData("tiny.gguf", StoredType.F16)]
    [InlineData("tiny", StoredType.F16)]
    [InlineData("tiny", StoredType.BF16)]
    public void A_file_of_16_bits_is_read_in_these_and_gives_the_logits_of_32(string name, StoredType type)
    {
        using TemporaryFolder folder = new();
        ModelFile.Save(folder.File(name), TinyModels.Get("trained"), type: type);
        using ModelFile file = ModelFile.Open(folder.File(name));
        Decoder<float> wide = file.Load<float>().Model.ForReading(), narrow = file.LoadForReading();
        Assert.Equal(wide.BytesOfToken, 2 * narrow.BytesOfToken);
        using IncrementalDecoder<float> expected = new(wide), found = new(narrow);
        Assert.Equal(expected.Logits([3, 1, 4, 1, 5], 0).Span.ToArray(), found.Logits([3, 1, 4, 1, 5], 0).Span.ToArray());
        Assert.Equal(expected.Logits([9], 5).Span.ToArray(), found.Logits([9], 5).Span.ToArray());
    }

    [Fact]
    public void Greedy_ids_are_the_same_with_and_without_the_cache_and_in_a_batch()
    {
        Decoder<float> gpt = QuantizedDecoder.From(TinyModels.Get("trained"));
        SamplingOptions greedy = new() { Temperature = 0 };
        int context = gpt.Config.Context;
        int[] cached = [.. new Generator<float>(gpt).Generate([3, 1, 4], greedy).Take(3 * context)];
        using IncrementalDecoder<float> anew = new(gpt);
        Assert.Equal(Greedy.Continue(window => anew.Logits(window, 0).Span.ToArray(), [3, 1, 4], context).Take(cached.Length), cached);

        using TokenStreams<float> batch = new(gpt, greedy, 3);
        batch.Append([3, 1, 4]);
        Assert.All(cached, id => Assert.Equal([id, id, id], batch.Next().ToArray()));
    }

    private static double Loss(Decoder<float> gpt)
    {
        using IncrementalDecoder<float> cached = new(gpt);
        TokenSource text = TinyModels.Validation;
        int context = gpt.Config.Context, vocabulary = gpt.Config.VocabularySize;
        int[] ids = new int[context + 1];
        double sum = 0;
        int windows = 0;
        for (long start = 0; start + ids.Length <= text.Length; start += context, windows++)
        {
            text.Read(start, ids);
            ReadOnlySpan<float> logits = cached.Logits(ids.AsSpan(0, context), 0, everywhere: true).Span;
            for (int t = 0; t < context; t++)
            {
                double terms = 0;
                foreach (float logit in logits.Slice(t * vocabulary, vocabulary))
                    terms += Math.Exp(logit);
                sum += Math.Log(terms) - logits[t * vocabulary + ids[t + 1]];
            }
        }

        return sum / windows / context;
    }
}

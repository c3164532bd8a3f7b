using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using MiniGpt.Tests.Parity;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Traces and views of models of every kind, beside what PyTorch recorded and what plain loops say.</summary>
public class SentenceViewTests
{
    [Fact]
    public void Traced_logits_of_an_encoder_are_the_recorded_ones_and_so_are_the_fillings()
    {
        using Recording recording = new("family/bert-tiny");
        int[] ids = FirstRow("ids"), segments = FirstRow("token_types");
        Assert.Contains(1, segments);
        double[][] logits = [.. recording.Trace.Read<double>("logits").Span.ToArray().Chunk(53).Take(ids.Length)];
        using EncoderTrace<double> trace = ModelFolder.Load<double>(Fixtures.File("family/bert-tiny")).Encoder.Trace(ids, segments);
        Assert.All(logits.SelectMany(row => row).Zip(trace.Logits.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-9));

        Encoder<float> model = ModelFolder.Load<float>(Fixtures.File("family/bert-tiny")).Encoder;
        using EncoderTrace<float> inFloat = model.Trace(ids, segments);
        PredictionView predictions = PredictionView.Of(model, inFloat, mask: 4);
        Assert.Equal(ids.Index().Where(token => token.Item == 4).Select(token => token.Index), predictions.Places.Select(place => place.Row));
        Assert.All(predictions.Places, place =>
        {
            double sum = logits[place.Row].Sum(Math.Exp);
            (double Logit, int Id)[] expected = [.. logits[place.Row].Select((logit, id) => (logit, id)).OrderByDescending(pair => pair.logit).Take(10)];
            Assert.Equal(expected.Select(pair => pair.Id), place.Likeliest.Select(candidate => candidate.Id));
            Assert.All(expected.Zip(place.Likeliest), pair => Assert.Equal(Math.Exp(pair.First.Logit) / sum, pair.Second.Probability, 1e-5));
        });

        int[] FirstRow(string name) => recording.Trace.ReadIntegers<int>(name).Slice(0, 0, 1).Span[..20].ToArray();
    }

    [Fact]
    public void Traced_logits_of_a_translator_are_the_recorded_ones()
    {
        using Recording recording = new("family/marian-tiny");
        int[] source = recording.Trace.ReadIntegers<int>("source").Span[..12].ToArray(), ids = recording.Trace.ReadIntegers<int>("decoder_input").Span[..10].ToArray();
        using TranslationTrace<double> trace = ModelFolder.Load<double>(Fixtures.File("family/marian-tiny")).Translator.Trace(source, ids);
        Assert.All(recording.Trace.Read<double>("logits").Span[..(10 * 47)].ToArray().Zip(trace.Logits.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.All(recording.Trace.Read<double>("encoder_hidden").Span[..(12 * 32)].ToArray().Zip(trace.Source.Hidden.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.Equal([4, 10, 12], trace.Blocks[0].SourceWeights.Shape);
        Assert.All(trace.Blocks[1].SourceWeights.Span.ToArray().Chunk(12), row => Assert.Equal(1, row.Sum(), 1e-12));
        Assert.Equal([4, 12, 12], trace.Source.Blocks[1].Weights.Shape);
    }

    [Fact]
    public void A_search_that_is_watched_finds_the_recorded_translations_and_its_steps_lead_to_them()
    {
        using TranslationSearch<double> search = new(ModelFolder.Load<double>(Fixtures.File("family/marian-tiny")).Translator.ForReading());
        SearchTrace trace = search.Trace([15, 39, 14, 1], new SearchOptions { Beams = 4, MostTokens = 12 });
        Assert.Equal([1, 14, 39, 15], trace.Found[0].Ids);
        Assert.Equal(-0.02043834923859262, trace.Found[0].Score, 1e-9);

        List<(int[] Ids, double Sum)> beams = [([], 0)];
        List<string> ended = [];
        foreach (SearchCandidate[] step in trace.Steps)
        {
            Assert.InRange(step.Length, 1, 8);
            List<(int[] Ids, double Sum)> next = [];
            foreach (SearchCandidate candidate in step)
            {
                (int[] ids, double sum) = beams[candidate.From];
                Assert.True(candidate.Sum <= sum);
                Assert.Equal(candidate.Sum / (ids.Length + 1), candidate.Score, 1e-12);
                if (candidate.Fate == CandidateFate.Kept)
                    next.Add(([.. ids, candidate.Id], candidate.Sum));
                else if (candidate.Fate == CandidateFate.Ended)
                    ended.Add(string.Join(' ', ids));
            }
            beams = next;
        }
        Assert.All(trace.Found.Where(found => found.IsComplete), found => Assert.Contains(string.Join(' ', found.Ids), ended));
    }

    [Fact]
    public void Queries_and_keys_before_they_are_turned_are_the_plain_products_of_the_first_block()
    {
        Decoder<float> model = ModelFolder.Load<float>(Fixtures.File("family/llama-tiny")).Model;
        int[] ids = [55, 10, 43, 12, 23];
        using DecoderTrace<float> trace = model.Trace(ids);
        RotationView view = RotationView.Of(model, trace)!;
        Assert.Equal([6, 5, 8], view.Queries.Shape);
        Assert.Equal([2, 5, 8], view.Keys.Shape);
        Assert.Equal(Enumerable.Range(0, 4).Select(pair => Math.Pow(10000, -pair / 4.0)), view.Frequencies, (a, b) => Math.Abs(a - b) < 1e-12);

        float[] queries = Unpacked(view.Queries), keys = Unpacked(view.Keys);
        Tensor<float> matrix = model.Stack.Blocks[0].Attention.QueryKeyValue.Weight.Value, table = model.Tokens.Table.Value;
        float[] gains = model.Stack.Blocks[0].AttentionNorm.Gain.Value.Span.ToArray();
        for (int token = 0; token < ids.Length; token++)
        {
            double[] vector = [.. Enumerable.Range(0, 48).Select(i => (double)table[ids[token], i])];
            double root = Math.Sqrt(vector.Sum(x => x * x) / 48 + 1e-5);
            double[] normed = [.. vector.Select((x, i) => x / root * gains[i])];
            for (int row = 0; row < 48 + 16; row++)
            {
                double expected = normed.Select((x, i) => x * matrix[row, i]).Sum();
                (int head, int d) = Math.DivRem(row < 48 ? row : row - 48, 8);
                Assert.Equal(expected, (row < 48 ? queries : keys)[(head * ids.Length + token) * 8 + d], 1e-4);
            }
        }
    }

    [Theory]
    [InlineData(2, new[] { 2, 9, 3, 8, 3 }, new[] { 0, 0, 0, 1, 1 })]
    [InlineData(2, new[] { 2, 9, 8, 3 }, new[] { 0, 0, 0, 0 })]
    [InlineData(1, new[] { 2, 9, 3, 8, 3 }, new[] { 0, 0, 0, 0, 0 })]
    [InlineData(0, new[] { 2, 9, 3 }, new int[0])]
    public void The_second_sentence_of_a_text_is_its_second_segment(int known, int[] ids, int[] segments) =>
        Assert.Equal(segments, TextSegments.Of(ids, new TextEnds([2], [3]), known));

    private static float[] Unpacked(PackedNumbers packed)
    {
        byte[] bytes = Convert.FromBase64String(packed.Data);
        return [.. bytes.Chunk(4).Select(four => BitConverter.ToSingle(four))];
    }
}

using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Generation;

/// <summary>What an encoder says of texts: what stands where words are masked, how likely a sentence is, and a vector for it.</summary>
/// <remarks>Not safe for use from several threads at once; any number of these can share one model.</remarks>
public sealed class SentenceReader : IDisposable
{
    private readonly Encoder<float> _model;
    private readonly ITokenizer _tokenizer;
    private readonly Tape<float> _tape = new(records: false);
    private readonly TextVectors _vectors;

    /// <summary>Reads texts with a model.</summary>
    /// <param name="model">The model; fastest where it is laid out to be read, <see cref="Encoder{T}.ForReading"/>.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public SentenceReader(Encoder<float> model, ITokenizer tokenizer) => (_model, _tokenizer, _vectors) = (model, tokenizer, new TextVectors(model));

    /// <summary>The id of the mask.</summary>
    /// <exception cref="ArgumentException">The tokenizer has none.</exception>
    public int MaskId => (_tokenizer as SubwordTokenizer)?.SpecialIdOf(WordPieceTokenizer.Mask)
        ?? throw new ArgumentException($"the tokenizer of the model, {_tokenizer.Kind}, has no token {WordPieceTokenizer.Mask} that stands for a word");

    /// <summary>The likeliest tokens in the place of each mask of a text.</summary>
    /// <param name="text">A text with masks.</param>
    /// <param name="top">How many for each.</param>
    /// <returns>For each mask its fillings, the likeliest first.</returns>
    /// <exception cref="ArgumentException">There is no mask, or the text is longer than the context or has what the tokenizer cannot say.</exception>
    public IReadOnlyList<NextToken[]> Fill(string text, int top)
    {
        int[] ids = WholeText(text);
        int mask = MaskId;
        Require.That(ids.Contains(mask), $"no {WordPieceTokenizer.Mask} in the text \"{Excerpt.Of(text, 60)}\", one where a word is to be filled in expected");
        Tensor<float> logits = Logits(ids, Segments(ids));
        return [.. ids.Index().Where(token => token.Item == mask).Select(token => NextToken.Likeliest<float>(logits.Slice(1, token.Index, 1).Span, top))];
    }

    /// <summary>
    /// The pseudo-perplexity of a text (Salazar et al. 2020): e to the mean of −ln p over its tokens, each of them masked in turn and said from all
    /// others.
    /// </summary>
    /// <exception cref="ArgumentException">The text is empty, longer than the context, or has what the tokenizer cannot say.</exception>
    public double PseudoPerplexity(string text, CancellationToken cancellationToken = default)
    {
        int[] ids = WholeText(text);
        int first = _tokenizer.Ends.Before.Count, end = ids.Length - _tokenizer.Ends.Behind.Count, mask = MaskId;
        Require.That(end > first, $"the text is empty: nothing can be said of it");
        int[] segments = Segments(ids);
        double sum = 0;
        for (int place = first; place < end; place++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int right = ids[place];
            ids[place] = mask;
            ReadOnlySpan<float> logits = Logits(ids, segments).Slice(1, place, 1).Span;
            sum += LogSumExp.Of(logits) - logits[right];
            ids[place] = right;
        }
        return Math.Exp(sum / (end - first));
    }

    /// <summary>A vector for a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pooling">How it is made of those of the tokens, whatever stands round the text among them.</param>
    /// <returns>C numbers.</returns>
    /// <exception cref="ArgumentException">The text is empty, longer than the context, or has what the tokenizer cannot say.</exception>
    public float[] Embed(string text, Pooling pooling)
    {
        int[] ids = WholeText(text);
        return _vectors.Of(ids, pooling, Segments(ids));
    }

    /// <summary>The cosines of the angles between vectors: row i, column j of vectors i and j.</summary>
    public static float[][] Cosines(IReadOnlyList<float[]> vectors) =>
        [.. vectors.Select(row => vectors.Select(column => TensorPrimitives.CosineSimilarity<float>(row, column)).ToArray())];

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _tape.Dispose();
        _vectors.Dispose();
    }

    private int[] WholeText(string text)
    {
        TextEnds ends = _tokenizer.Ends;
        int[] ids = [.. ends.Before, .. _tokenizer.Encode(text), .. ends.Behind];
        Require.That(ids.Length <= _model.Config.Context,
            $"a text of {ids.Length} tokens is more than the context of {_model.Config.Context}: \"{Excerpt.Of(text, 60)}\"");
        return ids;
    }

    private int[] Segments(int[] ids) => TextSegments.Of(ids, _tokenizer.Ends, _model.Config.Segments);

    private Tensor<float> Logits(int[] ids, int[] segments)
    {
        _tape.Reset();
        return _model.Logits(_tape.Copy<int>(ids, [1, ids.Length]), new ForwardPass<float>(_tape), OnTape(segments)).Value;
    }

    private Tensor<int> OnTape(int[] segments) => segments.Length == 0 ? default : _tape.Copy<int>(segments, [1, segments.Length]);
}

using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Looks for the translations of sentences: the likeliest token at each step, or the best of several beginnings that are followed at once (beam
/// search). Sentences of equal length are translated together, so that nothing is padded: each as it would be alone, to the last bit.
/// Not safe for use from several threads at once; any number of these can share one model.
/// </summary>
/// <param name="model">The model; fastest where it is laid out to be read, <see cref="Translator{T}.ForReading"/>.</param>
/// <exception cref="ArgumentException">The model knows no ids that begin and end a text.</exception>
public sealed class TranslationSearch<T>(Translator<T> model) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostTexts = 64; // that are written side by side

    private readonly TranslationMarkIds _marks = TranslationMarkIds.Of(model.Config);
    private readonly Tape<T> _tape = new(records: false);

    /// <summary>Translates sentences.</summary>
    /// <param name="sources">The ids of each, without those round it.</param>
    /// <param name="options">How translations are looked for.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>For each sentence as many translations as there are beams, or fewer, the best first.</returns>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, a sentence longer than the context, or an option makes no sense.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<ScoredTranslation>[] Translate(IReadOnlyList<int[]> sources, SearchOptions options, CancellationToken cancellationToken = default)
    {
        Check(sources, options);
        var found = new IReadOnlyList<ScoredTranslation>[sources.Count];
        int together = Math.Max(1, MostTexts / options.Beams);
        foreach (int[] group in Enumerable.Range(0, sources.Count).GroupBy(i => sources[i].Length).SelectMany(group => group.Chunk(together)))
        {
            BeamSearch[] searches = TranslateTogether([.. group.Select(i => sources[i])], options, cancellationToken);
            for (int i = 0; i < group.Length; i++)
                found[group[i]] = searches[i].Best();
        }
        return found;
    }

    /// <summary>Translates a sentence and keeps what each step had to choose from.</summary>
    /// <param name="source">The ids of the sentence, without those round it.</param>
    /// <param name="options">How its translation is looked for.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>The steps, and what <see cref="Translate"/> gives.</returns>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, the sentence longer than the context, or an option makes no sense.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SearchTrace Trace(int[] source, SearchOptions options, CancellationToken cancellationToken = default)
    {
        Check([source], options);
        List<SearchCandidate[]> steps = [];
        return new SearchTrace(steps, TranslateTogether([source], options, cancellationToken, steps)[0].Best());
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _tape.Dispose();

    private void Check(IReadOnlyList<int[]> sources, SearchOptions options)
    {
        options.Validate();
        foreach (int[] source in sources)
        {
            Require.That(source.Length < model.Config.Context,
                $"a sentence of {source.Length} tokens, and the one that ends it, are more than the context of {model.Config.Context}");
            Array.ForEach(source, model.RequireSourceId);
        }
    }

    private BeamSearch[] TranslateTogether(
        int[][] sources, SearchOptions options, CancellationToken cancellationToken, List<SearchCandidate[]>? steps = null)
    {
        (int beams, int texts, int most) = (options.Beams, sources.Length * options.Beams, Math.Min(options.MostTokens, model.Config.Context));
        BeamSearch[] searches = [.. sources.Select(_ => new BeamSearch(options, most, _marks, steps))];
        // With several beams a text goes on with what another one has: what is kept goes to the other half of the memory then.
        using AttentionMemory<T> memory = new(model.Config, beams == 1 ? texts : 2 * texts);
        _tape.Cancellation = cancellationToken;
        Encode(sources, memory);
        int[] ids = new int[texts];
        for (int position = 0, half = 0; position < most && searches.Any(search => !search.IsDone); position++)
        {
            for (int text = 0; text < texts; text++)
                ids[text] = searches[text / beams].Last(text % beams);
            _tape.Reset();
            memory.Begin(half, position);
            ForwardPass<T> pass = new(_tape) { Memory = memory, LastOnly = true };
            Tensor<T> logits = model.Logits(_tape.Copy<int>(ids, [texts, 1]), pass).Value.Reshape([texts, model.Config.VocabularySize]);
            for (int i = 0; i < searches.Length; i++)
            {
                if (!searches[i].IsDone)
                    searches[i].GoOn(logits.Slice(0, i * beams, beams));
            }
            if (beams > 1)
            {
                int other = texts - half;
                for (int text = 0; text < texts; text++)
                    memory.Copy(half + text / beams * beams + searches[text / beams].From(text % beams), other + text);
                half = other;
            }
        }
        return searches;
    }

    private void Encode(int[][] sources, AttentionMemory<T> memory)
    {
        int length = sources[0].Length + 1;
        _tape.Reset();
        Tensor<int> ids = _tape.Allocate<int>([sources.Length, length]);
        for (int i = 0; i < sources.Length; i++)
        {
            Span<int> row = ids.Span.Slice(i * length, length);
            sources[i].CopyTo(row);
            row[^1] = _marks.SourceEnd;
        }
        model.Remember(model.Encode(ids, new ForwardPass<T>(_tape)), memory);
    }
}

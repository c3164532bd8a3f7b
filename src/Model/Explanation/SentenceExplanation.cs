using System.Globalization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Model.Explanation;

/// <summary>All that a page shows of what a model does with a sentence: parts, of which each kind of model has those that it has something to show in.</summary>
/// <param name="Model">The model.</param>
/// <param name="Text">The sentence, as far as it was read.</param>
/// <param name="LeftOut">How many of its last tokens had no room in the context.</param>
/// <param name="Sentence">The sentence as the model sees it.</param>
/// <param name="Texts">The text of each token that is named anywhere.</param>
/// <param name="Embedding">The token embedding.</param>
/// <param name="Positions">The table of positions; null where there is none.</param>
/// <param name="Rotation">How queries and keys are turned; null where positions are not rotary.</param>
/// <param name="Predictions">What is expected: next tokens, masked words, or the tokens of the translation.</param>
/// <param name="MaskText">How a masked word is written; null where the model fills in none.</param>
/// <param name="Generation">How a decoder would go on; null of other models.</param>
/// <param name="Translation">What a translator makes of the sentence; null of other models.</param>
/// <param name="Story">The way of a decoder's last token, step by step; null of other models.</param>
/// <param name="Live">The model itself, to run in the page; null of other models.</param>
/// <param name="Against">A second text, token against token; null where there is none.</param>
/// <param name="Reasons">Where the logits of the likeliest next tokens come from; null where that cannot be said.</param>
/// <param name="Without">What may come next without each part of a decoder; null of other models, and where that would take long.</param>
/// <param name="Neurons">What the strongest neurons of a decoder speak for; null of other models, and where that cannot be said.</param>
/// <param name="SourceTexts">
/// The text of each token of the language that a translator reads, where that has tokens of its own: <paramref name="Sentence"/> and
/// <paramref name="Embedding"/> are of these then.
/// </param>
public sealed record SentenceExplanation(
    ModelView Model, string Text, int LeftOut, SequenceView Sentence, Dictionary<int, string> Texts, EmbeddingView Embedding,
    PositionView? Positions, RotationView? Rotation, PredictionView Predictions, string? MaskText = null, GenerationView? Generation = null,
    TranslationView? Translation = null, StoryView? Story = null, LiveView? Live = null, AgainstView? Against = null, ReasonView? Reasons = null,
    SwitchedOffMap? Without = null, StrongestNeurons? Neurons = null, Dictionary<int, string>? SourceTexts = null)
{
    private const int PartsOfDecoder = 7; // that take long
    private const int NamedCandidates = 200;
    private const int MostWritten = 48; // tokens of a translation: a page has to hold the tree of its beginnings

    /// <summary>Runs a sentence through a model and collects what there is to see.</summary>
    /// <param name="model">The model; it must have a tokenizer.</param>
    /// <param name="text">The sentence. Of more tokens than the context, the first are taken.</param>
    /// <param name="options">What is asked for beside it; left out, of a model that translates four beams into its first language.</param>
    /// <param name="progress">Is told how many of the parts there are.</param>
    /// <param name="cancellationToken">Ends the search for a translation.</param>
    /// <exception cref="ArgumentException">
    /// There is no tokenizer, the model is a recurrent network or does not know the language, a text is empty, it holds what the vocabulary
    /// cannot say, or two texts do not have as many tokens.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SentenceExplanation Of(
        LoadedModel<float> model, string text, ExplanationOptions? options = null, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ITokenizer tokenizer = model.Tokenizer
            ?? throw new ArgumentException($"{model.Path} has no tokenizer to cut a text with: a model with a tokenizer.json expected");
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Path)));
        ModelView view = new(name, model.Any.Config.Kind, SizesView.Of(model.Any.Config));
        options ??= new();
        if (options.Against is not null)
            AgainstView.RequireSameLength(tokenizer, text, options.Against);
        return model.Any switch
        {
            Encoder<float> encoder => Of(view, encoder, tokenizer, text, options.Against),
            Translator<float> translator => Of(view, translator, new PairTokenizers(model.SourceTokenizer!, tokenizer), text, options, cancellationToken),
            _ => Of(view, model.Model, tokenizer, text, options.Against, new PartsDone(progress, PartsOfDecoder), cancellationToken),
        };
    }

    private static SentenceExplanation Of(
        ModelView view, Decoder<float> model, ITokenizer tokenizer, string text, string? against, PartsDone done, CancellationToken cancellationToken)
    {
        (int[] ids, string read, int left) = Cut(tokenizer, text, tokenizer.Encode(text), model.Config.Context);
        using DecoderTrace<float> trace = done.With(model.Trace(ids));
        GenerationView generation = done.With(GenerationView.Of(model, tokenizer, ids));
        PredictionView predictions = done.With(PredictionView.Of(model, trace));
        EmbeddingView embedding = done.With(EmbeddingView.Of(model.Tokens.Table.Value, ids));
        IEnumerable<int> likely = Ranking.Greatest(trace.Logits.Span[^model.Config.VocabularySize..], NamedCandidates);
        (int[] others, AgainstView? other) = SecondOf(tokenizer, against, model.Config.Context, Look);
        Decoder<double>? precise = PreciseModel.Of(model);
        WhyView why = done.With(WhyView.Of(model, precise, trace, cancellationToken));
        PatchingView? patching = other is null ? null : precise is null
            ? AgainstView.Patched(model, ids, others, cancellationToken)
            : AgainstView.Patched(precise, ids, others, cancellationToken);
        int[] named = [.. generation.Chosen, .. likely, .. others, .. IdsOf(why), .. patching is null ? (int[])[] : [patching.Token, patching.Against]];
        return new SentenceExplanation(view, read, left, SequenceView.Of(tokenizer, ids, [], AttentionView.Of(trace, isCausal: true)),
            TextsOf(tokenizer, embedding, predictions, named), embedding, PositionView.Of(model), RotationView.Of(model, trace), predictions,
            Generation: generation, Story: done.With(StoryView.Of(model, trace)), Live: done.With(LiveView.Of(model, tokenizer)),
            Against: other is null ? null : other with { Patching = patching }, Reasons: why.Reasons, Without: why.Without, Neurons: why.Neurons);

        SequenceView Look(int[] given)
        {
            using DecoderTrace<float> second = model.Trace(given);
            return SequenceView.Of(tokenizer, given, [], AttentionView.Of(second, isCausal: true));
        }
    }

    private static SentenceExplanation Of(ModelView view, Encoder<float> model, ITokenizer tokenizer, string text, string? against)
    {
        TextEnds ends = tokenizer.Ends;
        int room = model.Config.Context - ends.Before.Count - ends.Behind.Count;
        (int[] cut, string read, int left) = Cut(tokenizer, text, tokenizer.Encode(text), room);
        int[] ids = Whole(cut), segments = TextSegments.Of(ids, ends, model.Config.Segments);
        int? mask = (tokenizer as SubwordTokenizer)?.SpecialIdOf(WordPieceTokenizer.Mask);
        using EncoderTrace<float> trace = model.Trace(ids, segments);
        PredictionView predictions = PredictionView.Of(model, trace, mask);
        EmbeddingView embedding = EmbeddingView.Of(model.Tokens.Table.Value, ids);
        (int[] others, AgainstView? other) = SecondOf(tokenizer, against, room, Look);
        return new SentenceExplanation(view, read, left, SequenceView.Of(tokenizer, ids, segments, AttentionView.Of(trace, isCausal: false)),
            TextsOf(tokenizer, embedding, predictions, [.. ids, .. others]), embedding,
            PositionView.Of(model), RotationView.Of(model, trace), predictions, MaskText: mask is null ? null : WordPieceTokenizer.Mask, Against: other);

        int[] Whole(int[] inner) => [.. ends.Before, .. inner, .. ends.Behind];
        SequenceView Look(int[] given)
        {
            int[] all = Whole(given), kinds = TextSegments.Of(all, ends, model.Config.Segments);
            using EncoderTrace<float> second = model.Trace(all, kinds);
            return SequenceView.Of(tokenizer, all, kinds, AttentionView.Of(second, isCausal: false));
        }
    }

    private static SentenceExplanation Of(
        ModelView view, Translator<float> model, PairTokenizers tokenizers, string text, ExplanationOptions options, CancellationToken cancellationToken)
    {
        TranslationMarkIds marks = TranslationMarkIds.Of(model.Config);
        (ITokenizer reading, ITokenizer tokenizer) = tokenizers;
        using SentenceTranslator translator = new(model, tokenizer, options.Language, reading);
        (int[] cut, string read, int left) = Cut(reading, text, text.AsSpan().Trim().IsEmpty ? [] : translator.Encode(text), model.Config.Context - 1);
        using TranslationSearch<float> searching = new(model.ForReading());
        SearchTrace search = searching.Trace(cut, new SearchOptions { Beams = options.Beams, MostTokens = MostWritten }, cancellationToken);
        ScoredTranslation best = search.Found[0];

        // The decoder reads what it has written so far; behind the last token it says the one that ends the translation.
        int?[] targets = best.IsComplete ? [.. best.Ids, marks.End] : [.. best.Ids];
        int[] source = [.. cut, marks.SourceEnd], written = [marks.Begin, .. best.Ids[..(targets.Length - 1)]];
        using TranslationTrace<float> trace = model.Trace(source, written);
        PredictionView predictions = PredictionView.Of(model, trace, targets);
        bool isApart = model.SourceTokens != model.Tokens || reading != tokenizer;
        EmbeddingView embedding = EmbeddingView.Of(model.SourceTokens.Table.Value, model.SourceTokens != model.Tokens ? source : [.. source, .. best.Ids]);
        TranslationView translation = new(
            tokenizer.Decode(best.Ids), best.IsComplete, SequenceView.Of(tokenizer, written, [], AttentionView.Of(trace, isCausal: true)),
            AttentionView.OfSource(trace), options.Beams, marks.End, search.Steps,
            [.. search.Found.Select(found => new FoundView(found.Ids, tokenizer.Decode(found.Ids), found.Score, found.IsComplete))]);
        IEnumerable<int> looked = search.Steps.SelectMany(step => step).Select(candidate => candidate.Id);
        return new SentenceExplanation(view, read, left, SequenceView.Of(reading, source, [], AttentionView.Of(trace.Source, isCausal: false)),
            TextsOf(tokenizer, [.. isApart ? [] : IdsOf(embedding), .. IdsOf(predictions), .. looked, .. written]), embedding,
            PositionView.Of(model), RotationView.Of(model, trace), predictions, Translation: translation,
            SourceTexts: isApart ? TextsOf(reading, [.. IdsOf(embedding), .. source]) : null);
    }

    /// <summary>Tells after each part that it is there.</summary>
    private sealed class PartsDone(IProgress<DataProgress>? progress, int all)
    {
        private int _done;

        public TPart With<TPart>(TPart part)
        {
            progress?.Report(new DataProgress("explaining", ++_done, all));
            return part;
        }
    }

    /// <summary>The second text, where there is one, and its tokens.</summary>
    private static (int[] Ids, AgainstView? View) SecondOf(ITokenizer tokenizer, string? text, int room, Func<int[], SequenceView> look)
    {
        if (text is null)
            return ([], null);
        (int[] ids, string read, _) = Cut(tokenizer, text, tokenizer.Encode(text), room);
        SequenceView seen = look(ids);
        return ([.. seen.Tokens.Select(token => token.Id)], new AgainstView(read, seen));
    }

    /// <summary>As many of the first tokens of a text as there is room for.</summary>
    private static (int[] Ids, string Read, int Left) Cut(ITokenizer tokenizer, string text, int[] all, int room)
    {
        Require.That(all.Length > 0, $"the text is empty, at least one token expected");
        int[] ids = all[..Math.Min(all.Length, room)];
        return (ids, ids.Length == all.Length ? text : tokenizer.Decode(ids), all.Length - ids.Length);
    }

    private static Dictionary<int, string> TextsOf(ITokenizer tokenizer, EmbeddingView embedding, PredictionView predictions, IEnumerable<int> further) =>
        TextsOf(tokenizer, [.. IdsOf(embedding), .. IdsOf(predictions), .. further]);

    private static Dictionary<int, string> TextsOf(ITokenizer tokenizer, IEnumerable<int> ids) =>
        ids.Distinct().Order().ToDictionary(id => id, id => TextOf(tokenizer, id));

    private static IEnumerable<int> IdsOf(EmbeddingView embedding) =>
        embedding.MapIds.Concat(embedding.Neighbours.SelectMany(neighbours => neighbours).Select(neighbour => neighbour.Id));

    private static IEnumerable<int> IdsOf(WhyView why) =>
        (why.Without?.Before.Ids ?? []).Concat(why.Neurons?.Neurons.SelectMany(neuron => neuron.Raises.Concat(neuron.Lowers)).Select(token => token.Id) ?? []);

    private static IEnumerable<int> IdsOf(PredictionView predictions) =>
        predictions.Places.SelectMany(place => place.Likeliest).Select(candidate => candidate.Id)
            .Concat(predictions.Places.Select(place => place.Target).OfType<int>())
            .Concat(predictions.Lens.SelectMany(row => row.Likeliest).Select(candidate => candidate.Id));

    /// <summary>A model may have more tokens than its tokenizer.</summary>
    private static string TextOf(ITokenizer tokenizer, int id) =>
        id < tokenizer.VocabularySize ? tokenizer.TokenText(id) : string.Create(CultureInfo.InvariantCulture, $"#{id}");
}

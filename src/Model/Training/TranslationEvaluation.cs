using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>How well a model translates.</summary>
/// <param name="Sentences">How many sentences were translated.</param>
/// <param name="Tokens">The tokens of their right translations, those that end them included.</param>
/// <param name="Loss">The mean cross-entropy in nats of such a token.</param>
/// <param name="Bleu">BLEU of the translations.</param>
/// <param name="Chrf">chrF of the translations.</param>
/// <param name="Exact">How many translations are the right one, character by character.</param>
public sealed record TranslationEvaluation(int Sentences, long Tokens, double Loss, BleuScore Bleu, ChrfScore Chrf, int Exact)
{
    private const int BatchSize = 32;
    private const int SentencesTogether = 256;

    /// <summary>The same for each language that marks before the sentences name, in the order in which they come.</summary>
    public IReadOnlyList<(string Language, int Sentences, int Exact)> Languages { get; init; } = [];

    /// <summary>The share of translations that are the right one.</summary>
    public double ExactShare => (double)Exact / Sentences;

    /// <summary>e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Translates sentences and compares with their right translations.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pairs">The sentences and their right translations.</param>
    /// <param name="search">How translations are looked for.</param>
    /// <param name="bleu">What a token of BLEU is.</param>
    /// <param name="progress">Is told how far the loss is, and then how many sentences are translated.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer or does not translate, or a sentence is longer than its context.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TranslationEvaluation Run(
        LoadedModel<float> model, IReadOnlyList<PairLine> pairs, SearchOptions search, BleuTokenizer bleu,
        IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ITokenizer tokenizer = model.Tokenizer ?? throw new ArgumentException($"{model.Path} has no tokenizer to read and write text with");
        Translator<float> translator = model.Translator;
        TokenPairs tokens = PairLoading.Tokenise(pairs, new(model.SourceTokenizer!, tokenizer), translator.Config.Context, cancellationToken);
        using TranslationTask<float> task = new(translator, new TranslationTaskOptions { BatchSize = Math.Min(BatchSize, tokens.Count) }, new TranslationData(tokens, tokens), tokenizer)
        {
            Progress = progress,
        };
        double loss = task.ValidationLoss(whole: true, cancellationToken)!.Value;

        using SentenceTranslator sentences = new(translator.ForReading(), tokenizer, sourceTokenizer: model.SourceTokenizer);
        List<string> written = [];
        foreach (PairLine[] part in pairs.Chunk(SentencesTogether))
        {
            written.AddRange(sentences.Translate([.. part.Select(pair => pair.Source)], search, cancellationToken).Select(found => found[0].Text));
            progress?.Report(new DataProgress("translating", written.Count, pairs.Count));
        }
        string[] right = [.. pairs.Select(pair => pair.Target)];
        return new TranslationEvaluation(
            pairs.Count, tokens.Targets.Sum(ids => ids.Length + 1L), loss, TranslationScores.Bleu(written, right, bleu), TranslationScores.Chrf(written, right),
            written.Zip(right).Count(pair => pair.First == pair.Second))
        {
            Languages = [.. pairs.Zip(written)
                .GroupBy(pair => TranslationMarks.LanguageOf(pair.First.Source.Split(' ')[0]))
                .Where(language => language.Key is not null)
                .Select(language => (language.Key!, language.Count(), language.Count(pair => pair.First.Target == pair.Second)))],
        };
    }

    /// <summary>The numbers as one JSON object.</summary>
    public string ToJson() => new JsonObject
    {
        ["sentences"] = Sentences,
        ["tokens"] = Tokens,
        ["loss"] = Loss,
        ["perplexity"] = Perplexity,
        ["bleu"] = Bleu.Score,
        ["bleu_signature"] = Bleu.Signature,
        ["chrf"] = Chrf.Score,
        ["chrf_signature"] = Chrf.Signature,
        ["exact"] = Exact,
        ["languages"] = new JsonArray([.. Languages.Select(language => new JsonObject
        {
            ["language"] = language.Language,
            ["sentences"] = language.Sentences,
            ["exact"] = language.Exact,
        })]),
    }.ToJsonString();
}

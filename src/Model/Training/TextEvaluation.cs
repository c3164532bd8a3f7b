using System.Globalization;
using System.Numerics;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Tokens">The tokens that were predicted: all but the first.</param>
/// <param name="Loss">The mean cross-entropy in nats a token.</param>
/// <param name="BitsPerByte">
/// The bits that the text costs, by the bytes of all its tokens: what the tokenizer left out is no part of it. Null where no tokenizer says how
/// long tokens are.
/// </param>
public sealed record TextEvaluation(long Tokens, double Loss, double? BitsPerByte)
{
    private const int BatchSize = 16;

    /// <summary>Among how many equally likely tokens the model seems to choose: e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>
    /// Evaluates a model on a whole text, in back-to-back windows of its context. The text may be larger than memory: its tokens are kept in a
    /// temporary file.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="source">A text file, a folder of text, "-", or a token file.</param>
    /// <param name="standardInput">What "-" reads.</param>
    /// <param name="progress">Is told how far the reading of text is, and then the evaluation.</param>
    /// <param name="notes">Takes what was passed over or read otherwise than it stands, a line each.</param>
    /// <param name="cancellationToken">Stops between two blocks or batches.</param>
    /// <exception cref="ArgumentException">
    /// The text has fewer than two tokens or holds what the tokenizer cannot say, there is no tokenizer for it, or the model has parameters or
    /// computes a loss that are not finite.
    /// </exception>
    /// <exception cref="FileFormatException">The file is empty, or has an id outside of the vocabulary.</exception>
    /// <exception cref="IOException">The file cannot be read, or the temporary one not be written.</exception>
    public static TextEvaluation Run<T>(
        LoadedModel<T> model, string source, Stream? standardInput = null, IProgress<DataProgress>? progress = null,
        ICollection<string>? notes = null, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (TextSource.IsTokenFile(source))
        {
            int vocabularySize = model.Model.Config.VocabularySize;
            using TokenFile file = TokenFile.Open(source);
            if (file.MaxId(cancellationToken) is var largest && largest >= vocabularySize)
                throw new FileFormatException(source, $"the id {largest} found, at most the {vocabularySize - 1} of this model expected");
            return Run(model, file, largest < model.Tokenizer?.VocabularySize ? model.Tokenizer : null, progress, cancellationToken);
        }

        ITokenizer tokenizer = model.Tokenizer ?? throw new ArgumentException(
            $"{model.Path} has no tokenizer: a token file ({TokenFile.Extension}) expected, {source} given");
        using TextCorpus corpus = TextCorpus.Open([source], standardInput, progress, cancellationToken);
        foreach (string note in corpus.Notes)
            notes?.Add(note);
        // A folder, not a file: nobody else can read what is in it.
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("minigpt-");
        try
        {
            string path = Path.Combine(temporary.FullName, $"tokens{TokenFile.Extension}");
            TextTokens.Write(path, corpus.Documents, tokenizer, progress, cancellationToken);
            using TokenFile tokens = TokenFile.Open(path);
            return Run(model, tokens, tokenizer, progress, cancellationToken);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    /// <summary>Evaluates a model on tokens, in back-to-back windows of its context.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="tokenizer">Says how long the text is; null where nobody knows.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Stops between two blocks or batches.</param>
    /// <exception cref="ArgumentException">There are fewer than two tokens, or the model has parameters or computes a loss that are not finite.</exception>
    public static TextEvaluation Run<T>(
        LoadedModel<T> model, TokenSource tokens, ITokenizer? tokenizer, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Model.Parameters.LastNotFinite(model.Model.Parameters.Values) is { } parameter)
            throw new ArgumentException($"{model.Path}: {parameter.Name} has numbers that are not finite, so that the loss is none");
        long? bytes = tokenizer is null ? null : DecodedBytes(tokens, tokenizer, cancellationToken);
        using NextTokenEvaluator<T> evaluator = new(model.Model, BatchSize) { Progress = progress };
        double loss = evaluator.WholeLoss(tokens, cancellationToken);
        Require.That(double.IsFinite(loss), $"{model.Path}: the loss is {loss}, though all parameters are finite: the numbers of the model are too large");
        long predicted = tokens.Length - 1;
        return new TextEvaluation(predicted, loss, loss * predicted / Math.Log(2) / bytes);
    }

    /// <summary>The numbers as one JSON object.</summary>
    public string ToJson() => string.Create(CultureInfo.InvariantCulture,
        $$"""{"tokens":{{Tokens}},"loss":{{Number(Loss)}},"perplexity":{{Number(Perplexity)}},"bits_per_byte":{{Number(BitsPerByte)}}}""");

    private static string Number(double? value) =>
        value is double number && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "null";

    private static long DecodedBytes(TokenSource tokens, ITokenizer tokenizer, CancellationToken cancellationToken)
    {
        long bytes = 0;
        tokens.ReadAll(ids =>
        {
            foreach (int id in ids)
                bytes += tokenizer.TokenBytes(id).Length;
        }, cancellationToken);
        return bytes;
    }
}

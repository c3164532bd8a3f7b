using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Lessons;

/// <summary>What can be said about the next character by counting what followed the last ones, and what a trained model says beyond it.</summary>
internal static class NGramLesson
{
    private const int LongestContext = 3;
    private const int ShownCharacters = 8;
    private const double ValidationShare = 0.1;

    private static readonly Example s_english = new(["th", "qu", "\nR", "ing"], LongestHelpful: 3);

    // There are three thousand different characters: of the contexts of three that are seen, three in four are seen once.
    private static readonly Example s_japanese = new(["吾輩", "ませ", "。\n", "である"], LongestHelpful: 2);

    public static LessonResult Run(LessonInputs inputs)
    {
        Example example = inputs.Language == Language.Japanese ? s_japanese : s_english;
        (string train, string validation) = ReadSplits(inputs.CorpusPath);
        string text = train + validation; // what comes in either can come
        using LessonBoard board = new();

        NGramTable[] tables = new NGramTable[LongestContext + 1];
        List<string> names = [];
        List<double> losses = [];
        for (int order = 0; order < tables.Length; order++)
        {
            inputs.CancellationToken.ThrowIfCancellationRequested();
            inputs.Progress?.Report(new DataProgress("counting characters", order, tables.Length));
            tables[order] = NGramTable.Count(train, order, order > 0 ? tables[order - 1] : null, text);
            names.Add($"n = {order}");
            losses.Add(tables[order].Loss(validation));
        }

        foreach (string context in example.Contexts.Where(context => train.Contains(context, StringComparison.Ordinal)))
        {
            (char Character, double Probability)[] likeliest = tables[context.Length].Likeliest(context, ShownCharacters);
            board.Show("next", StageKind.Bars, [Printable(context)], [.. likeliest.Select(next => Printable($"{next.Character}"))],
                [.. likeliest.Select(next => next.Probability)]);
        }
        if (inputs.Model is LoadedModel<float> model)
        {
            names.Add(Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Path)));
            losses.Add(ModelLoss(model, validation, inputs));
        }
        board.Show("loss", StageKind.Bars, ["loss"], names, [.. losses]);

        board.Check("sum", example.Contexts.Select(context => tables[context.Length].Sum(context) - 1), LessonBoard.Rounding);
        board.Check("uniform", [tables[0].LossOfNothing - Math.Log(tables[0].Characters)], LessonBoard.Rounding);
        board.Check("longer", losses.Take(example.LongestHelpful + 1).Skip(1).Zip(losses, (longer, shorter) => Math.Max(0, longer - shorter)), tolerance: 0);
        return board.Result;
    }

    /// <inheritdoc cref="LessonInputs.CheckModel"/>
    public static void CheckModel(LoadedModel<float> model, string corpusPath) => Encode(model, ReadSplits(corpusPath).Validation);

    private static (string Train, string Validation) ReadSplits(string corpusPath)
    {
        string text = File.ReadAllText(corpusPath);
        int trainLength = (int)Split.TrainLength(text.Length, ValidationShare);
        return (text[..trainLength], text[trainLength..]);
    }

    private static int[] Encode(LoadedModel<float> model, string text)
    {
        ITokenizer tokenizer = model.Tokenizer
            ?? throw new ArgumentException($"{model.Path} has no tokenizer, which it needs to read the lesson's text");
        try
        {
            return tokenizer.Encode(text);
        }
        catch (TextEncodingException error)
        {
            throw new ArgumentException($"{model.Path} cannot read the lesson's text: {error.Found} is not in its vocabulary", error);
        }
    }

    /// <summary>Nats a character, whatever the model's tokens are.</summary>
    private static double ModelLoss(LoadedModel<float> model, string text, LessonInputs inputs)
    {
        int[] ids = Encode(model, text);
        using NextTokenEvaluator<float> evaluator = new(model.Model, batchSize: 16) { Progress = inputs.Progress };
        double loss = evaluator.WholeLoss(TokenSource.FromIds(ids, model.Model.Config.VocabularySize), inputs.CancellationToken);
        return loss * (ids.Length - 1) / (text.Length - 1);
    }

    private static string Printable(string text) => text.Replace("\n", "⏎").Replace(" ", "␣").Replace("\u3000", "␣");

    /// <summary>What is shown of a text.</summary>
    /// <param name="Contexts">What the next character is told from.</param>
    /// <param name="LongestHelpful">Up to so many characters, a longer context predicts better.</param>
    private sealed record Example(string[] Contexts, int LongestHelpful);
}

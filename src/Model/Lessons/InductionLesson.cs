using System.Globalization;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// A small model learns to go on with what it has seen once: one head finds where the present token was before, and looks at what came after it
/// (Olsson et al. 2022). The lesson finds the head by itself, shows it, and switches it off.
/// </summary>
internal static class InductionLesson
{
    public const ulong Seed = 5;

    private const int Shown = 20; // letters of the text whose attention is drawn; what comes later changes nothing for them

    private static readonly int[] s_round = [10, 3, 14, 0, 7, 12, 5, 1, 9];
    private static readonly string[] s_english = [.. Enumerable.Range('A', RepeatedRows.Letters).Select(letter => $"{(char)letter}")];
    private static readonly string[] s_japanese = ["あ", "い", "う", "え", "お", "か", "き", "く", "け", "こ", "さ", "し", "す", "せ", "そ", "た"];

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        using InductionModel model = InductionModel.Train(Seed, inputs.Progress, inputs.CancellationToken);
        string[] letters = inputs.Language == Language.Japanese ? s_japanese : s_english;
        LessonRows text = RepeatedRows.Of(s_round);
        board.ShowPieces("text", ["text"], [.. text.Ids.Select((id, place) => new LessonPiece(0, letters[id]) { IsMarked = place >= s_round.Length })]);
        board.Show("loss", StageKind.Lines, InductionModel.Steps, ["loss", "guess"],
            [.. model.Losses.SelectMany(loss => (double[])[loss, Math.Log(RepeatedRows.Letters)])]);

        HeadRole found = model.Induction, previous = model.Previous;
        string[] names = [.. model.Roles.Select(role => role.Name)];
        board.Show("roles", StageKind.Bars, ["previous", "induction"], names, [.. model.Roles.Select(role => role.Previous), .. model.Roles.Select(role => role.Induction)]);
        double[] weights = First(model.Weights(text, found));
        string[] columns = [.. text.Ids.Take(Shown).Select(id => letters[id])], rows = [.. columns.Select((letter, place) => $"{place + 1} {letter}")];
        board.Show("head", StageKind.Weights, rows, columns, weights);
        board.Show("helper", StageKind.Weights, rows, columns, First(model.Weights(text, previous)));
        board.Show("off", StageKind.Bars, ["loss"], ["nothing", .. names], [model.Loss, .. model.Roles.Select(role => role.LossWithout)]);
        double[] with = model.LossByPlace(without: null), without = model.LossByPlace(found);
        board.Show("places", StageKind.Lines, [.. Enumerable.Range(1, with.Length).Select(place => place.ToString(CultureInfo.InvariantCulture))],
            ["with", "without"], [.. with.Zip(without, (a, b) => (double[])[a, b]).SelectMany(pair => pair)]);

        board.Check("learned", [Math.Max(0, model.Loss - 0.05)], tolerance: 0);
        board.Check("found", [Math.Max(0, 0.5 - found.Induction)], tolerance: 0);
        board.Check("carries", [Math.Max(0, 1 - (model.LossWithoutFinders - model.Loss))], tolerance: 0);
        board.Check("rows", weights.Chunk(Shown).Select(row => row.Sum() - 1), LessonBoard.Rounding);
        return board.Result;

        double[] First(double[] all) => [.. all.Chunk(text.Length).Take(Shown).SelectMany(row => row.Take(Shown))];
    }
}

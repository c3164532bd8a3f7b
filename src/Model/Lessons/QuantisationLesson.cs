using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Lessons;

/// <summary>Weights in 8 bits and fewer: a row of them, how far it is off, and what a model says afterwards.</summary>
internal static class QuantisationLesson
{
    private const int Width = 32;
    private const int Block = Q8Block.Size;
    private const int ShownWeights = 8;
    private const int BlocksOfRow = 8;
    private const double Outlier = 20;
    private const double ScaleBits = 16.0 / Block; // each block has a scale of two bytes

    private static readonly LessonTraining s_training = new(Steps: 160, ShownEvery: 160, LearningRate: 1e-2);
    private static readonly int[] s_bits = [8, 6, 5, 4, 3, 2];

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        WatchingAnimals animals = WatchingAnimals.Of(inputs.Language);
        Decoder<double> model = animals.Model(Width);
        LessonRows rows = animals.Rows;
        using (RowsTask task = new(model, _ => rows, rows))
            s_training.Run(task, () => task.TrainLoss(inputs.CancellationToken), inputs.Progress, inputs.CancellationToken);
        Tensor<double> matrix = model.Stack.Blocks[0].Attention.QueryKeyValue.Weight.Value;
        LessonSlider slider = new("bits", [.. s_bits.Select(bits => $"{bits}")], Start: 3);
        double[] row = [.. matrix.Span[..Block]];
        ShowRow(board, row, slider);
        ShowErrors(board, [.. matrix.Span]);
        ShowModel(board, animals, model, slider);
        CheckEngine(board, animals, model, row);
        return board.Result;
    }

    private static void ShowRow(LessonBoard board, double[] row, LessonSlider slider)
    {
        RoundedWeights[] rounded = [.. s_bits.Select(bits => RoundedWeights.Of(row, bits))];
        string[] places = [.. Enumerable.Range(1, Block).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        board.Show("row", StageKind.Bars, ["weight", "rounded"], places, [.. rounded.SelectMany(one => row.Concat(one.Back))], slider);
        board.Show("whole", StageKind.Table, [.. places.Take(ShownWeights)], ["weight", "whole", "back", "error"], [.. rounded.SelectMany(one =>
            Enumerable.Range(0, ShownWeights).SelectMany(i => (double[])[row[i], one.Whole[i], one.Back[i], one.Back[i] - row[i]]))], slider);
        board.Check("half-step", rounded.SelectMany(one => one.Back.Zip(row, (back, weight) => Math.Max(0, Math.Abs(back - weight) - one.Scale / 2))), LessonBoard.Rounding);
    }

    /// <summary>How far weights are off with so many bits, and what one large weight does to those that share its scale.</summary>
    private static void ShowErrors(LessonBoard board, double[] weights)
    {
        int[] bits = [2, 3, 4, 5, 6, 7, 8];
        double[] errors = [.. bits.Select(count => RoundedWeights.Error(weights, RoundedWeights.InBlocks(weights, count, Block)))];
        board.Show("error", StageKind.Lines, [.. bits.Select(count => $"{count}")], ["error"], [.. errors.Select(Math.Log2)]);

        double[] plain = weights[..(BlocksOfRow * Block)], odd = [.. plain];
        odd[0] *= Outlier;
        double[] others = [.. new[] { plain.Length, Block }.SelectMany(block => new[] { plain, odd }.Select(numbers =>
            RoundedWeights.Error(numbers[Block..], RoundedWeights.InBlocks(numbers, bits: 4, block)[Block..])))];
        board.Show("outlier", StageKind.Table, ["one-scale", "blocks"], ["without", "with"], others);
        board.Check("halves", errors.Zip(errors.Skip(1), (fewer, more) => Math.Max(0, more / fewer - 0.6)), tolerance: 0);
        board.Check("blocks", [others[3] - others[2]], tolerance: 0);
    }

    private static void ShowModel(LessonBoard board, WatchingAnimals animals, Decoder<double> model, LessonSlider slider)
    {
        int words = animals.Vocabulary.Length, last = animals.ObjectAt - 1;
        Decoder<double>[] rounded = [.. s_bits.Select(bits => Rounded(model, bits))];
        double[] full = Said(model, sentence: 0);
        board.Show("next", StageKind.Bars, ["full", "rounded"], animals.Vocabulary, [.. rounded.SelectMany(one => full.Concat(Said(one, sentence: 0)))], slider);
        double[] sizes = [32, 16, 8 + ScaleBits, 4 + ScaleBits];
        board.Show("size", StageKind.Table, ["32", "16", "8", "4"], ["bits", "gigabytes"], [.. sizes.SelectMany(bits => (double[])[bits, bits])]);
        board.Check("same-word", Enumerable.Range(0, animals.Sentences.Length).SelectMany(sentence => s_bits.Zip(rounded)
            .Where(one => one.First >= 4).Select(one => Likeliest(Said(one.Second, sentence)) == Likeliest(Said(model, sentence)) ? 0.0 : 1)), tolerance: 0);

        double[] Said(Decoder<double> one, int sentence) => animals.Next(one, sentence)[(last * words)..][..words];
        static int Likeliest(double[] shares) => Array.IndexOf(shares, shares.Max());
    }

    /// <summary>That the engine's blocks of 8 bits are these, and that it says the same with them.</summary>
    private static void CheckEngine(LessonBoard board, WatchingAnimals animals, Decoder<double> model, double[] row)
    {
        byte[] block = new byte[Q8Block.Bytes];
        double[] back = new double[Block];
        Q8Block.Quantize([.. row.Select(weight => (float)weight)], block);
        Q8Block.Dequantize<double>(block, back);
        RoundedWeights written = RoundedWeights.Of(row, bits: 8);
        // The engine keeps the scale as a half, eleven bits of it.
        board.Check("engine", back.Zip(written.Whole, (number, whole) => number - (double)(float)((float)(Half)(float)written.Scale * whole)), tolerance: 0);

        Decoder<float> narrow = new(model.Config);
        foreach ((Parameter<double> from, Parameter<float> to) in model.Parameters.All.Zip(narrow.Parameters.All))
        {
            for (int i = 0; i < from.Value.Span.Length; i++)
                to.Value.Span[i] = (float)from.Value.Span[i];
        }
        using Tape<float> tape = new(records: false);
        int[] ids = animals.Ids(animals.Sentences[0])[..^1];
        ReadOnlySpan<float> logits = QuantizedDecoder.From(narrow).Logits(tape.Copy<int>(ids, [1, ids.Length]), new ForwardPass<float>(tape)).Value.Span;
        using Tape<double> exact = new(records: false);
        ReadOnlySpan<double> expected = model.Logits(exact.Copy<int>(ids, [1, ids.Length]), new ForwardPass<double>(exact)).Value.Span;
        double largest = expected.ToArray().Max(Math.Abs);
        board.Check("logits", expected.ToArray().Zip(logits.ToArray(), (a, b) => (a - b) / largest), tolerance: 0.03);
    }

    /// <summary>The same model with its matrices rounded, block by block.</summary>
    private static Decoder<double> Rounded(Decoder<double> model, int bits)
    {
        Decoder<double> rounded = new(model.Config);
        foreach ((Parameter<double> from, Parameter<double> to) in model.Parameters.All.Zip(rounded.Parameters.All))
        {
            double[] values = [.. from.Value.Span];
            (from.Role == ParameterRole.Vector ? values : RoundedWeights.InBlocks(values, bits, Block)).CopyTo(to.Value.Span);
        }
        return rounded;
    }
}

using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>The task that a language model is trained on, and the smallest model that learns it: one row of logits for each token.</summary>
internal static class NextTokenLesson
{
    private const int Steps = 400;
    private const int ShownEvery = 20;
    private const double LearningRate = 5;

    // Each has five different characters, of which the last comes once: nothing can be learned about what follows it.
    private const string English = "statistic";
    private const string Japanese = "すもももももももものうち";

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        string[] text = [.. (language == Language.Japanese ? Japanese : English).Select(character => $"{character}")];
        string[] vocabulary = [.. text.Distinct()];
        int[] ids = [.. text.Select(token => Array.IndexOf(vocabulary, token))];
        int size = vocabulary.Length, pairs = ids.Length - 1;
        string[] inputs = [.. text[..pairs].Select((token, position) => $"{position + 1} {token}")];
        double[] targets = new double[pairs * size];
        for (int position = 0; position < pairs; position++)
            targets[position * size + ids[position + 1]] = 1;
        board.Show("pairs", StageKind.Weights, inputs, vocabulary, targets);

        Variable<double> table = new(new Tensor<double>([size, size]));
        List<double> losses = [];
        for (int step = 0; step <= Steps; step++)
        {
            double loss = Step(table, ids, learn: step < Steps);
            if (step % ShownEvery == 0)
                losses.Add(loss);
        }

        double[] counted = Counted(ids, size);
        double[] learned = Softmax(board, table);
        board.Show("loss", StageKind.Lines, [.. losses.Select((_, index) => $"{index * ShownEvery}")], ["loss"], [.. losses]);
        board.Show("learned", StageKind.Weights, vocabulary, vocabulary, learned);
        board.Show("counted", StageKind.Weights, vocabulary, vocabulary, counted);

        board.Check("uniform", [losses[0] - Math.Log(size)], LessonBoard.Rounding);
        // The last token has no successor to learn from: its row is left out.
        int known = counted.Length - size;
        board.Check("counts", learned[..known].Zip(counted[..known], (a, b) => a - b), tolerance: 0.02);
        return board.Result;
    }

    /// <summary>One step of gradient descent on the mean cross-entropy, which is returned as it was before the step.</summary>
    private static double Step(Variable<double> table, int[] ids, bool learn)
    {
        using Tape<double> tape = new();
        int pairs = ids.Length - 1;
        Variable<double> logits = tape.Embedding(table, tape.Copy<int>(ids.AsSpan(0, pairs), [pairs]));
        Variable<double> loss = logits.CrossEntropy(tape.Copy<int>(ids.AsSpan(1), [pairs])).Retain();
        if (learn)
        {
            table.ClearGradient();
            tape.Backward(loss);
            for (int i = 0; i < table.Shape.Count; i++)
                table.Value.Span[i] -= LearningRate * table.Gradient.Span[i];
        }
        return loss.Value.Span[0];
    }

    private static double[] Softmax(LessonBoard board, Variable<double> table) =>
        board.Tape.Constant(table.Value).Softmax().Value.Span.ToArray();

    /// <summary>How often each token followed each other one; a row that never occurred is all zero.</summary>
    private static double[] Counted(int[] ids, int size)
    {
        double[] shares = new double[size * size];
        foreach ((int token, int next) in ids.Zip(ids.Skip(1)))
            shares[token * size + next]++;
        for (int token = 0; token < size; token++)
        {
            Span<double> row = shares.AsSpan(token * size, size);
            double sum = Math.Max(1, row.ToArray().Sum());
            foreach (ref double share in row)
                share /= sum;
        }
        return shares;
    }
}

using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// One sentence through an Elman network, an LSTM and attention, none of them trained: how the end's gradient with respect to a word fades
/// with its distance (Bengio et al. 1994), and where it does not.
/// </summary>
internal static class RnnLesson
{
    private const int Width = 6;
    private const ulong Seed = 4;

    // sigmoid(3) = 0.95: an LSTM starts by keeping what it has (Jozefowicz et al. 2015).
    private const double OpenForgetGate = 3;

    // "are" or "is", ある or いる: what decides is "keys" in English, 鍵 in Japanese.
    private static readonly string[] s_english = ["the", "keys", "to", "the", "cabinet", "in", "the", "old", "house", "by", "the", "lake"];
    private static readonly string[] s_japanese = ["鍵", "は", "湖", "の", "ほとり", "の", "家", "の", "戸棚", "の", "中", "に"];

    private static readonly string[] s_networks = ["RNN", "LSTM", "attention"];

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        string[] read = language == Language.Japanese ? s_japanese : s_english;
        ParameterSet<double> parameters = new();
        string[] vocabulary = [.. read.Distinct()];
        Embedding<double> words = new(parameters, "words", vocabulary.Length, Width, Initialization.Normal(1));
        RecurrentLayer<double> rnn = new(parameters, "rnn", RecurrentKind.Rnn, Width, Width);
        RecurrentLayer<double> lstm = new(parameters, "lstm", RecurrentKind.Lstm, Width, Width);
        Linear<double> projection = new(parameters, "attention", Width, 3 * Width, Initialization.Normal(1 / Math.Sqrt(Width)), hasBias: false);
        parameters.Initialize(Seed);
        lstm.Input.Bias!.Value.Span.Slice(Width, Width).Fill(OpenForgetGate);

        int[] ids = [.. read.Select(word => Array.IndexOf(vocabulary, word))];
        Variable<double> sentence = words.Forward(board.Tape, board.Tape.Copy<int>(ids, [1, ids.Length]));
        string[] rows = [.. read.Select((word, position) => $"{position + 1} {word}")], units = LessonBoard.Names("h", Width);
        Variable<double> states = rnn.Forward(sentence).States, cells = lstm.Forward(sentence).States;
        board.Show("states", StageKind.Numbers, rows, units, states);
        board.Show("lstm-states", StageKind.Numbers, rows, units, cells);

        double[][,] slopes =
        [
            Slopes(sentence.Value, x => rnn.Forward(x).States),
            Slopes(sentence.Value, x => lstm.Forward(x).States),
            Slopes(sentence.Value, x => projection.Forward(x).SelfAttention(1, new AttentionOptions<double> { Scale = 1 / Math.Sqrt(Width), Causal = true })),
        ];
        double[][] shares = [.. slopes.Select(Shares)];
        int length = read.Length;
        board.Show("gradients", StageKind.Numbers, rows, s_networks,
            [.. Enumerable.Range(0, length).SelectMany(t => shares.Select(share => share[t]))]);
        board.Show("distance", StageKind.Lines, [.. Enumerable.Range(0, length).Select(distance => $"{distance}")], s_networks,
            [.. Enumerable.Range(0, length).SelectMany(distance => shares.Select(share => Math.Log10(share[length - 1 - distance])))]);

        board.Check("steps", StepAfterStep(sentence, lstm), cells, LessonBoard.Rounding);
        board.Check("chain", Chain(rnn, states.Value).Zip(slopes[0].Cast<double>(), (a, b) => a - b), LessonBoard.Rounding);
        board.Check("fades", [shares[0][0]], tolerance: 0.01);
        board.Check("reaches", [Math.Min(0, shares[1][0] - 10 * shares[0][0])], tolerance: 0);
        string often = read.GroupBy(word => word).MaxBy(word => word.Count())!.Key; // "the", or の
        double[] same = [.. shares[2].Where((_, t) => read[t] == often)];
        board.Check("anywhere", same.Select(share => share - same[0]), LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>The derivatives of the last output with respect to every input: [H, T · D], by a backward pass for each number of the output.</summary>
    private static double[,] Slopes(Tensor<double> sentence, Func<Variable<double>, Variable<double>> network)
    {
        double[,] slopes = new double[Width, sentence.Count];
        for (int unit = 0; unit < Width; unit++)
        {
            using Tape<double> tape = new();
            Variable<double> x = tape.Leaf(sentence);
            Variable<double> y = network(x);
            Tensor<double> upstream = new(y.Shape);
            upstream[0, y.Shape[1] - 1, unit] = 1;
            tape.Backward(y, upstream);
            for (int i = 0; i < sentence.Count; i++)
                slopes[unit, i] = x.Gradient.Span[i];
        }
        return slopes;
    }

    /// <summary>How large the derivatives with respect to each word are together, as shares of the largest.</summary>
    private static double[] Shares(double[,] slopes)
    {
        double[] sizes = [.. Enumerable.Range(0, slopes.GetLength(1) / Width).Select(t => Math.Sqrt(
            Enumerable.Range(0, Width * Width).Sum(i => Math.Pow(slopes[i / Width, t * Width + i % Width], 2))))];
        return [.. sizes.Select(size => size / sizes.Max())];
    }

    /// <summary>The LSTM's states, one call a word, state and cell handed on.</summary>
    private static Variable<double> StepAfterStep(Variable<double> sentence, RecurrentLayer<double> lstm)
    {
        RecurrentResult<double> result = lstm.Forward(sentence.Slice(1, 0, 1));
        Variable<double> states = result.States;
        for (int t = 1; t < sentence.Shape[1]; t++)
        {
            result = lstm.Forward(sentence.Slice(1, t, 1), result.LastState(), result.LastCell);
            states = states.Concat(result.States, 1);
        }
        return states;
    }

    /// <summary>
    /// The Elman network's derivatives written out: of the last state with respect to the one before, diag(1 − h²)·W, times the same of every
    /// step down to the word's own, diag(1 − h²)·U. Row by row as <see cref="Slopes"/>.
    /// </summary>
    private static IEnumerable<double> Chain(RecurrentLayer<double> rnn, Tensor<double> states)
    {
        int last = states.Shape[1] - 1;
        double[,] slopes = new double[Width, states.Shape[1] * Width];
        double[,] chain = new double[Width, Width];
        for (int unit = 0; unit < Width; unit++)
            chain[unit, unit] = 1;
        for (int t = last; t >= 0; t--)
        {
            for (int row = 0; row < Width; row++)
            {
                for (int unit = 0; unit < Width; unit++)
                    chain[row, unit] *= 1 - states[0, t, unit] * states[0, t, unit];
            }
            double[,] ofWord = Product(chain, rnn.Input.Weight.Value);
            for (int i = 0; i < Width * Width; i++)
                slopes[i / Width, t * Width + i % Width] = ofWord[i / Width, i % Width];
            chain = Product(chain, rnn.RecurrentWeight.Value);
        }
        return slopes.Cast<double>();
    }

    private static double[,] Product(double[,] a, Tensor<double> b)
    {
        double[,] product = new double[Width, Width];
        for (int i = 0; i < Width * Width; i++)
            product[i / Width, i % Width] = Enumerable.Range(0, Width).Sum(k => a[i / Width, k] * b[k, i % Width]);
        return product;
    }
}

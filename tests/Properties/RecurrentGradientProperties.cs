using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;

namespace MiniGpt.Tests.Properties;

/// <summary>The <see cref="GradientProperty"/> of the recurrent operators.</summary>
public class RecurrentGradientProperties
{
    [Fact]
    public void Rnn() => Holds(s => (x => x[0].Rnn(x[1], x[2], s.Flag()), RecurrentInputs(s, gates: 1)[..3]));

    [Fact]
    public void Gru() => Holds(s => (x => x[0].Gru(x[1], x[3], x[2], s.Flag()), RecurrentInputs(s, gates: 3)));

    [Fact]
    public void Lstm() => Holds(s => (x => x[0].Lstm(x[1], x[2], x[3], s.Flag()).States, RecurrentInputs(s, gates: 4)));

    [Fact]
    public void Lstm_whose_last_cell_is_wanted() => Holds(s => (x =>
    {
        (Variable<double> states, Variable<double> cell) = x[0].Lstm(x[1], x[2], x[3], s.Flag());
        return s.Choice % 2 == 0 ? cell : states.Sum(1) + cell;
    }, RecurrentInputs(s, gates: 4)));

    /// <summary>The projected input, the recurrent weight, the state and, of a GRU, the recurrent bias, of the others a cell.</summary>
    private static Tensor<double>[] RecurrentInputs(Sizes s, int gates)
    {
        int examples = 1 + s.A % 3, steps = 1 + s.B % 12, width = 1 + s.C % 12;
        Tensor<double> weight = Any(s, 1, [gates * width, width]);
        Elementwise.Scale(weight, 0.3, weight); // multiplied with again and again, large ones make chaos
        return
        [
            Any(s, 0, [examples, steps, gates * width]), weight, Any(s, 2, [examples, width]),
            gates == 3 ? Any(s, 3, [gates * width]) : Any(s, 3, [examples, width]),
        ];
    }
}

using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>The cells of recurrent networks against plain formulas, their gradients against differences of those, for any width.</summary>
public class RecurrentCellTests
{
    private const int Examples = 3;
    private const int Steps = 4; // of which the kernels see the third: rows lie apart

    private static readonly int[] s_widths = [.. Enumerable.Range(1, 35), 64, 65, 9000];

    [Fact]
    public void Rnn() => HoldsForEveryWidth(CheckRnn<float>, CheckRnn<double>);

    [Fact]
    public void Gru() => HoldsForEveryWidth(CheckGru<float>, CheckGru<double>);

    [Fact]
    public void Lstm() => HoldsForEveryWidth(CheckLstm<float>, CheckLstm<double>);

    [Fact]
    public void Shapes_that_do_not_go_together_are_refused()
    {
        Tensor<float> one = new([2, 1, 3]), state = new([2, 3]), gates = new([2, 12]), x = new([2, 1, 12]);
        Assert.Throws<ShapeException>(() => RnnCell.Forward(one, new Tensor<float>([3, 3]), one));
        Assert.Throws<ShapeException>(() => RnnCell.Backward(state, one, state, state, x, false));
        Assert.Throws<ShapeException>(() => GruCell.Forward(x, gates, default, state, state, one));
        Assert.Throws<ShapeException>(() => LstmCell.Forward(x, gates, state, state, state, x));
        Tensor<float> withGaps = new Tensor<float>([2, 12, 2]).Slice(2, 0, 1).Transpose(1, 2);
        Assert.Throws<InvalidOperationException>(() => LstmCell.Forward(withGaps, gates, state, state, state, one));
    }

    private static void HoldsForEveryWidth(Action<int> single, Action<int> twice)
    {
        foreach (int width in s_widths)
        {
            single(width);
            twice(width);
        }
    }

    private static void CheckRnn<T>(int width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Cell<T> cell = new(gates: 1, width);
        Tensor<T> u = Samples.Copy(cell.U), state = Samples.Copy(cell.U);
        RnnCell.Forward(cell.X, state, cell.Y);
        cell.AssertClose(i => PlainRecurrent.Rnn(cell.At(cell.X, i, 0), cell.At(u, i, 0)), state, cell.Y);
        foreach (bool accumulate in (bool[])[false, true])
        {
            Tensor<T> dsum = new(state.Shape), dx = cell.OldGradient();
            RnnCell.Backward(state, cell.Dy, cell.Dstate, dsum, dx, accumulate);
            cell.AssertGradient(i => PlainRecurrent.Slope(h => PlainRecurrent.Rnn(cell.At(cell.X, i, 0) + h, cell.At(u, i, 0))) * cell.Upstream(i),
                0, dsum, dx, accumulate);
        }
    }

    private static void CheckGru<T>(int width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Cell<T> cell = new(gates: 3, width);
        Tensor<T> gates = Samples.Copy(cell.U), candidate = new([Examples, width]), state = new([Examples, width]);
        GruCell.Forward(cell.X, gates, candidate, cell.Before, state, cell.Y);
        cell.AssertClose(i => Value(i, -1, 0, 0), state, cell.Y);
        Samples.AssertClose(Samples.Doubles(cell.U.Slice(1, 2 * width, width)), candidate, 0);
        foreach (bool accumulate in (bool[])[false, true])
        {
            Tensor<T> du = Samples.Copy(gates), dx = cell.OldGradient(), dstate = Samples.Copy(cell.Dstate);
            GruCell.Backward(du, candidate, cell.Before, cell.Dy, dstate, dx, accumulate);
            for (int gate = 0; gate < 3; gate++)
            {
                int g = gate;
                cell.AssertGradient(i => PlainRecurrent.Slope(h => Value(i, g, 0, h)) * cell.Upstream(i), g, du, default, false);
                cell.AssertGradient(i => PlainRecurrent.Slope(h => Value(i, g, h, 0)) * cell.Upstream(i), g, default, dx, accumulate);
            }

            cell.AssertClose(i => PlainRecurrent.Slope(h => Value(i, -1, 0, h)) * cell.Upstream(i), dstate);
        }

        // With h added to x or u of one gate, or, of none, to the state before.
        double Value(int i, int gate, double ofX, double ofU)
        {
            double[] x = cell.All(cell.X, i), u = cell.All(cell.U, i);
            double before = cell.At(cell.Before, i, 0) + (gate < 0 ? ofU : 0);
            if (gate >= 0)
                (x[gate], u[gate]) = (x[gate] + ofX, u[gate] + ofU);

            return PlainRecurrent.Gru(x, u, before);
        }
    }

    private static void CheckLstm<T>(int width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Cell<T> cell = new(gates: 4, width);
        Tensor<T> gates = Samples.Copy(cell.U), after = new([Examples, width]), state = new([Examples, width]);
        LstmCell.Forward(cell.X, gates, cell.Before, after, state, cell.Y);
        cell.AssertClose(i => Value(i, -1, 0).State, state, cell.Y);
        cell.AssertClose(i => Value(i, -1, 0).Cell, after);
        foreach (bool accumulate in (bool[])[false, true])
        {
            Tensor<T> du = Samples.Copy(gates), dx = cell.OldGradient(), dcell = Samples.Copy(cell.Dcell);
            LstmCell.Backward(du, cell.Before, after, cell.Dy, cell.Dstate, dcell, dx, accumulate);
            for (int gate = 0; gate < 4; gate++)
            {
                int g = gate;
                cell.AssertGradient(i => Gradient(i, g), g, du, dx, accumulate);
            }

            cell.AssertClose(i => Gradient(i, -1), dcell);
        }

        double Gradient(int i, int gate) => PlainRecurrent.Slope(h => Value(i, gate, h).State) * cell.Upstream(i)
            + PlainRecurrent.Slope(h => Value(i, gate, h).Cell) * cell.At(cell.Dcell, i, 0);

        // With h added to one gate, or, of none, to the cell before.
        (double State, double Cell) Value(int i, int gate, double h)
        {
            double[] x = cell.All(cell.X, i);
            if (gate >= 0)
                x[gate] += h;

            return PlainRecurrent.Lstm(x, cell.All(cell.U, i), cell.At(cell.Before, i, 0) + (gate < 0 ? h : 0));
        }
    }

    /// <summary>What goes into a step, and comparison of what comes out, unit by unit.</summary>
    private sealed class Cell<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Some roundings of numbers of moderate size; the difference quotient in double is good to 1e-11.
        private static readonly double s_tolerance = typeof(T) == typeof(float) ? 64 * Samples.Epsilon<T>() : 1e-10;

        private readonly int _width;
        private readonly Tensor<T> _dx;

        public Cell(int gates, int width)
        {
            _width = width;
            X = Samples.Random<T>([Examples, Steps, gates * width], width).Slice(1, 2, 1);
            U = Samples.Random<T>([Examples, gates * width], 2);
            Before = Samples.Random<T>([Examples, width], 3);
            Y = new Tensor<T>([Examples, Steps, width]).Slice(1, 2, 1);
            Dy = Samples.Random<T>([Examples, Steps, width], 4).Slice(1, 2, 1);
            Dstate = Samples.Random<T>([Examples, width], 5);
            Dcell = Samples.Random<T>([Examples, width], 6);
            _dx = new Tensor<T>([Examples, Steps, gates * width]).Slice(1, 2, 1);
        }

        public Tensor<T> X { get; }

        public Tensor<T> U { get; }

        public Tensor<T> Before { get; }

        public Tensor<T> Y { get; }

        public Tensor<T> Dy { get; }

        public Tensor<T> Dstate { get; }

        public Tensor<T> Dcell { get; }

        /// <summary>The units that are compared: of a wide cell, some.</summary>
        private IEnumerable<int> Units => Enumerable.Range(0, Examples * _width).Where(i => _width < 100 || i % 97 == 0 || i % _width > _width - 20);

        /// <summary>A place for the gradient of x with ones in it.</summary>
        public Tensor<T> OldGradient()
        {
            Elementwise.Fill(_dx, T.One);
            return _dx;
        }

        /// <summary>The number of a unit, counted through all examples, and gate.</summary>
        public double At(Tensor<T> tensor, int unit, int gate)
        {
            (int example, int column) = (unit / _width, unit % _width + gate * _width);
            return double.CreateChecked(tensor.Rank == 3 ? tensor[example, 0, column] : tensor[example, column]);
        }

        /// <summary>The numbers of all gates of a unit.</summary>
        public double[] All(Tensor<T> tensor, int unit) => [.. Enumerable.Range(0, tensor.Shape[-1] / _width).Select(gate => At(tensor, unit, gate))];

        /// <summary>The whole gradient of the state.</summary>
        public double Upstream(int unit) => At(Dy, unit, 0) + At(Dstate, unit, 0);

        public void AssertClose(Func<int, double> expected, params Tensor<T>[] actual)
        {
            foreach (int i in Units)
                Assert.All(actual, tensor => Assert.Equal(expected(i), At(tensor, i, 0), s_tolerance));
        }

        public void AssertGradient(Func<int, double> expected, int gate, Tensor<T> du, Tensor<T> dx, bool accumulate)
        {
            foreach (int i in Units)
            {
                double gradient = expected(i);
                if (!du.IsEmpty)
                    Assert.Equal(gradient, At(du, i, gate), s_tolerance);

                if (!dx.IsEmpty)
                    Assert.Equal(accumulate ? 1 + gradient : gradient, At(dx, i, gate), s_tolerance);
            }
        }
    }
}

using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>
/// What recurrent operators have in common: the walk along the steps. What is kept of all steps lies step after step, [T, B, ...], so that a
/// step is a matrix and so are all steps together; inputs and outputs are [B, T, ...] as everywhere.
/// </summary>
internal readonly struct Recurrence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // The copy of the weight is as much memory traffic as reading it once.
    private const int FewSteps = 4;

    private readonly Variable<T>? _weight;
    private readonly WeightMatrix<T>? _matrix;

    /// <summary>Checks the shapes.</summary>
    /// <param name="name">The operator's name.</param>
    /// <param name="gates">G: how many gates a unit has.</param>
    /// <param name="x">[B, T, G · H].</param>
    /// <param name="weight">[G · H, H].</param>
    /// <param name="bias">[G · H], or null for none.</param>
    /// <param name="isReversed">Whether the walk goes from the last step to the first.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public Recurrence(string name, int gates, Variable<T> x, Variable<T> weight, Variable<T>? bias, bool isReversed)
        : this(name, gates, x, weight.Shape, bias, isReversed) => _weight = weight;

    /// <summary>The same with a weight that is laid out to be read, on a tape that does not record.</summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public Recurrence(string name, int gates, Variable<T> x, WeightMatrix<T> weight, Variable<T>? bias, bool isReversed)
        : this(name, gates, x, [weight.Outputs, weight.Inputs], bias, isReversed)
    {
        _matrix = weight;
        WeightMatrixOperators.ReadingTape(Tape);
    }

    private Recurrence(string name, int gates, Variable<T> x, Shape weight, Variable<T>? bias, bool isReversed)
    {
        (Name, Gates, X, Bias, IsReversed) = (name, gates, x, bias, isReversed);
        if (weight.Rank != 2 || weight[0] != gates * weight[1] || x.Shape.Rank != 3 || x.Shape[2] != weight[0])
        {
            string all = gates == 1 ? "H" : $"{gates}H";
            throw new ShapeException(name, x.Shape, weight, $"a projected input [B, T, {all}] goes with a recurrent weight [{all}, H]");
        }

        if (bias is not null && bias.Shape != [weight[0]])
            throw new ShapeException(name, bias.Shape, weight, "the recurrent bias must have one element for each row of the weight");

        Width = weight[1];
    }

    public string Name { get; }

    public int Gates { get; }

    /// <summary>The projected input, [B, T, G · H].</summary>
    public Variable<T> X { get; }

    /// <summary>[G · H, H].</summary>
    /// <exception cref="InvalidOperationException">It is laid out to be read.</exception>
    public Variable<T> Weight => _weight ?? throw new InvalidOperationException("A weight that is laid out to be read has no gradient.");

    /// <summary>[G · H], or none.</summary>
    public Variable<T>? Bias { get; }

    public bool IsReversed { get; }

    public int Examples => X.Shape[0];

    public int Steps => X.Shape[1];

    /// <summary>H.</summary>
    public int Width { get; }

    public Tape<T> Tape => Tape<T>.Of(X, _weight);

    public bool RequiresGradient => X.RequiresGradient || _weight is { RequiresGradient: true } || Bias is { RequiresGradient: true };

    /// <summary>Operations of the product in each step.</summary>
    public double Operations => 2.0 * Examples * Steps * Gates * Width * Width;

    /// <summary>A step, counted as the walk goes, of what is [B, T, W]: a view [B, 1, W].</summary>
    public Tensor<T> Step(in Tensor<T> all, int step) => all.Slice(1, IsReversed ? Steps - 1 - step : step, 1);

    /// <summary>A step of what is kept, [T, B, W]: a view [B, W].</summary>
    public static Tensor<T> Kept(in Tensor<T> all, int step) => all.Slice(0, step, 1).Reshape(all.Shape.Without(0));

    /// <summary>Memory for a state before every step and after the last one, [T + 1, B, H], the first of them filled.</summary>
    /// <param name="start">[B, H], or null for zeros.</param>
    /// <exception cref="ShapeException">The state has another shape.</exception>
    public Tensor<T> Begin(Variable<T>? start)
    {
        Shape one = [Examples, Width];
        if (start is not null && start.Shape != one)
            throw new ShapeException(Name, X.Shape, start.Shape, $"the state before the first step must be {one}");

        Tensor<T> states = Tape.Allocate<T>(one.Prepend(Steps + 1));
        if (start is null)
            Elementwise.Fill(Kept(states, 0), T.Zero);
        else
            Elementwise.Copy(start.Value, Kept(states, 0));

        return states;
    }

    /// <summary>The weight as the steps read it best: [H, G · H] row by row where many rows meet it many times, as a view [G · H, H]; empty where it is laid out already.</summary>
    public Tensor<T> LaidOut()
    {
        if (_weight is null)
            return default;

        if (Examples == 1 || Steps < FewSteps)
            return Weight.Value;

        Tensor<T> turned = Tape.Allocate<T>([Width, Gates * Width]);
        Elementwise.Copy(Weight.Value.Transpose(0, 1), turned);
        return turned.Transpose(0, 1);
    }

    /// <summary>What a state gives to the gates: [B, H] to [B, G · H].</summary>
    public void Multiply(in Tensor<T> state, in Tensor<T> laidOutWeight, in Tensor<T> gates)
    {
        Tensor<T> bias = Bias is null ? default : Bias.Value;
        if (_matrix is null)
            Gemm.Linear(state, laidOutWeight, bias, gates);
        else
            _matrix.Multiply(state, bias, gates);
    }

    /// <summary>Memory for the gradient of a state, [B, H], zeros.</summary>
    public Tensor<T> Zeros()
    {
        Tensor<T> zeros = Tape.Allocate<T>([Examples, Width]);
        Elementwise.Fill(zeros, T.Zero);
        return zeros;
    }

    /// <summary>The place of the gradient of x; empty where nobody wants it.</summary>
    public Tensor<T> GradientOfX(out bool accumulate)
    {
        accumulate = false;
        return X.RequiresGradient ? X.GradientTarget(out accumulate) : default;
    }

    /// <summary>The gradients of weight and bias, of all steps at once.</summary>
    /// <param name="gradients">Of what the states gave to the gates, [T, B, G · H].</param>
    /// <param name="states">[T + 1, B, H].</param>
    public void AddParameterGradients(in Tensor<T> gradients, in Tensor<T> states)
    {
        int rows = Steps * Examples;
        Tensor<T> dy = gradients.Reshape([rows, Gates * Width]), x = states.Slice(0, 0, Steps).Reshape([rows, Width]);
        bool accumulateWeight = false;
        Tensor<T> dweight = Weight.RequiresGradient ? Weight.GradientTarget(out accumulateWeight) : default;
        if (Bias is { RequiresGradient: true })
        {
            Tensor<T> dbias = Bias.GradientTarget(out bool accumulateBias);
            Gemm.LinearGradients(dy, x, dweight, accumulateWeight, dbias, accumulateBias);
        }
        else if (Weight.RequiresGradient)
            Gemm.Multiply(dy.Transpose(0, 1), x, dweight, accumulateWeight);
    }
}

using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>What holds for every kernel: bits that do not depend on the threads, and no garbage.</summary>
[Collection("Alone")]
public class SameBitsTests
{
    private const int Rows = 700;
    private const int Columns = 129;

    private readonly Tensor<float> _x = Samples.Random<float>([Rows, Columns], 1);
    private readonly Tensor<float> _dy = Samples.Random<float>([Rows, Columns], 2);
    private readonly Tensor<float> _y = new([Rows, Columns]);
    private readonly Tensor<float> _gain = Samples.Random<float>([Columns], 3);
    private readonly Tensor<float> _perColumn = new([Columns]);
    private readonly Tensor<float> _perColumnToo = new([Columns]);
    private readonly Tensor<float> _perRow = Samples.Random<float>([Rows], 4, 0.5, 1.5);
    private readonly Tensor<float> _perRowToo = Samples.Random<float>([Rows], 5, 0.5, 1.5);
    private readonly Tensor<float> _perRowTwice = Samples.Random<float>([Rows, 2], 7, 0.5, 1.5);
    private readonly Tensor<int> _ids = Samples.Integers([Rows], 6, 50);
    private readonly Tensor<int> _manyIds = Samples.Integers([Rows, 2], 8, 50);
    private readonly Tensor<int> _ascending = Tensor<int>.From([.. Enumerable.Range(0, Rows / 2).Select(i => 2 * i)], [Rows / 2]);
    private readonly Tensor<int> _indices = new([Rows]);
    private readonly Tensor<float> _table = new([50, Columns]);
    private readonly (Tensor<float> Cosines, Tensor<float> Sines) _angles = RotaryEmbedding.Tables<float>(100, 128);
    private double _number;

    public static TheoryData<string> Names => [.. All(new SameBitsTests()).Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Results_are_the_same_bits_on_any_number_of_threads(string name) => SameBits.AssertOnAnyNumberOfThreads(() => Run(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Kernels_allocate_nothing_once_they_are_warm(string name) =>
        Allocations.AssertNone(All(this).Single(kernel => kernel.Name == name).Run);

    private static float[] Run(string name)
    {
        var test = new SameBitsTests();
        All(test).Single(kernel => kernel.Name == name).Run();
        return
        [
            .. test._y.Span, .. test._perColumn.Span, .. test._perColumnToo.Span, .. test._perRow.Span, .. test._table.Span,
            (float)test._number,
        ];
    }

    /// <summary>The first rows as heads of 100 tokens.</summary>
    private static Tensor<float> Heads(Tensor<float> rows, int heads) => rows.Slice(0, 0, 100 * heads).Reshape([1, heads, 100, Columns]);

    private static (string Name, Action Run)[] All(SameBitsTests t) =>
    [
        ("Add", () => Elementwise.Add(t._x, t._gain, t._y)),
        ("Copy", () => Elementwise.Copy(t._x.Reshape([Columns, Rows]).Transpose(0, 1), t._y)),
        ("Map.Forward", () => Map.Forward<float, GeluTanhFunction<float>>(t._x, t._y)),
        ("Map.Backward", () => Map.Backward<float, GeluErfFunction<float>>(t._x, t._x, t._dy, t._y, false)),
        ("GatedActivation.Forward", () => GatedActivation.Forward<float, SiluFunction<float>>(
            t._x.Reshape([Rows / 2, 2 * Columns]), t._y.Slice(0, 0, Rows / 2))),
        ("GatedActivation.Backward", () => GatedActivation.Backward<float, GeluErfFunction<float>>(
            t._x.Reshape([Rows / 2, 2 * Columns]), t._dy.Slice(0, 0, Rows / 2), t._y.Reshape([Rows / 2, 2 * Columns]), false)),
        ("Sum over rows", () => Reductions.Sum(t._x, 0, t._perColumn, false)),
        ("Sum over columns", () => Reductions.Sum(t._x, 1, t._perRow, false)),
        ("SumTo", () => Reductions.SumTo(t._x, t._perColumn, false)),
        ("Sum", () => t._number = Reductions.Sum(t._x)),
        ("SumOfSquares", () => t._number = Reductions.SumOfSquares(t._x)),
        ("Max", () => Reductions.Max(t._x, 1, t._perRow, t._indices)),
        ("Softmax.Forward", () => Softmax.Forward(t._x, t._y)),
        ("Softmax.Backward", () => Softmax.Backward(t._x, t._dy, t._y, false)),
        ("LogSoftmax.Forward", () => LogSoftmax.Forward(t._x, t._y)),
        ("LogSoftmax.Backward", () => LogSoftmax.Backward(t._x, t._dy, t._y, false)),
        ("LayerNorm.Forward", () => LayerNorm.Forward(t._x, t._gain, t._gain, t._y, t._perRow, t._perRowToo, 1e-5f)),
        ("LayerNorm.Backward", () => LayerNorm.Backward(
            t._x, t._gain, t._perRow, t._perRowToo, t._dy, t._y, false, t._perColumn, false, t._perColumnToo, false)),
        ("RmsNorm.Forward", () => RmsNorm.Forward(t._x, t._gain, t._y, t._perRow, 1e-5f)),
        ("RmsNorm.Backward", () => RmsNorm.Backward(t._x, t._gain, t._perRow, t._dy, t._y, false, t._perColumn, false)),
        ("CrossEntropy.Forward", () => t._number = CrossEntropy.Forward(t._x, t._ids, t._perRowTwice, -100)),
        ("CrossEntropy.Backward", () => CrossEntropy.Backward(t._x, t._ids, t._perRowTwice, -100, 1f, t._y, false)),
        ("Embedding.Scatter", () => Embedding.Scatter(t._dy, t._ids, t._table, false)),
        ("NegativeSampling.Forward", () => t._number = NegativeSampling.Forward(
            t._x, t._dy, t._ids.Reshape([Rows, 1]), t._manyIds, t._y, t._perRowTwice)),
        ("NegativeSampling.BackwardMeans", () => NegativeSampling.BackwardMeans(t._x, t._manyIds, t._perRowTwice, 0.5f, t._y)),
        ("NegativeSampling.BackwardTable", () => NegativeSampling.BackwardTable(t._x, t._manyIds, t._perRowTwice, 0.5f, t._table, false)),
        ("SparseRows.AddScaled", () => SparseRows.AddScaled(t._y, t._ascending, t._x.Slice(0, 0, Rows / 2), 0.5f)),
        ("Dropout", () => Dropout.Apply(t._x, t._y, new RandomStream(1, default), 0.1, false)),
        ("MaskedFill", () => Elementwise.MaskedFill(t._x, t._gain, 2f, t._y)),
        ("RotaryEmbedding", () => RotaryEmbedding.Rotate(
            Heads(t._x, 7), t._angles.Cosines, t._angles.Sines, default, Heads(t._y, 7), interleaved: false)),
        ("Attention.Forward", () => Attention.Forward(
            Heads(t._x, 7), Heads(t._dy, 1), Heads(t._dy, 1), Heads(t._y, 7), t._perRowTwice.Reshape([1, 7, 100, 2]),
            new AttentionOptions<float> { Scale = 0.1f, SoftCap = 5, Mask = t._dy.Slice(0, 0, 100).Slice(1, 0, 100) })),
        ("AdamW", () => AdamW.Update(t._y, t._x, t._dy, t._dy, 0.1f, 0.9f, 0.99f, 1e-8f, 0.1f, 1f, 1)),
    ];
}

using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>[Rows, Width] plus a vector, broadcast as a row, [Width], or as a column, [Rows, 1]; on one thread.</summary>
public class ElementwiseBenchmarks : IMeasuredWork
{
    private Tensor<float> _a;
    private Tensor<float> _row;
    private Tensor<float> _column;
    private Tensor<float> _sum;

    public static string Unit => MeasuredWork.Bytes;

    public static IEnumerable<RowsSize> Sizes => [new(768, 128), new(2048, 384), new(1024, 3072)];

    [ParamsSource(nameof(Sizes))]
    public RowsSize Size { get; set; }

    public double WorkOfCall => 2.0 * sizeof(float) * Size.Rows * Size.Width;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        _a = Inputs.Normal(Size.Rows, Size.Width);
        _row = Inputs.Normal(Size.Width);
        _column = Inputs.Normal(Size.Rows, 1);
        _sum = new Tensor<float>(_a.Shape);
    }

    [Benchmark(Baseline = true)]
    public void AddRow() => Tensors.Kernels.Elementwise.Add(_a, _row, _sum);

    [Benchmark]
    public void AddColumn() => Tensors.Kernels.Elementwise.Add(_a, _column, _sum);

    [Benchmark, Peer(To = nameof(AddRow))]
    public void TensorPrimitivesAddRow()
    {
        for (int row = 0; row < Size.Rows; row++)
            TensorPrimitives.Add(Row(_a, row), _row.Span, Row(_sum, row));
    }

    [Benchmark, Peer(To = nameof(AddColumn))]
    public void TensorPrimitivesAddColumn()
    {
        for (int row = 0; row < Size.Rows; row++)
            TensorPrimitives.Add(Row(_a, row), _column.Span[row], Row(_sum, row));
    }

    [Benchmark, Peer(To = nameof(AddRow))]
    public void PlainLoop()
    {
        ReadOnlySpan<float> addend = _row.Span;
        for (int row = 0; row < Size.Rows; row++)
        {
            Span<float> a = Row(_a, row), sum = Row(_sum, row);
            for (int i = 0; i < a.Length; i++)
                sum[i] = a[i] + addend[i];
        }
    }

    private Span<float> Row(Tensor<float> matrix, int row) => matrix.Span.Slice(row * Size.Width, Size.Width);
}

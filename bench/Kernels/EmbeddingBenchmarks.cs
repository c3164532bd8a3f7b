using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>The rows of a table by their ids, and their gradients back to it; on one thread.</summary>
public class EmbeddingBenchmarks : IMeasuredWork
{
    private Tensor<float> _table;
    private Tensor<float> _rows;
    private Tensor<int> _ids;

    public static string Unit => MeasuredWork.Bytes;

    public static IEnumerable<EmbeddingSize> Sizes => [new(65, 128, 768), new(65, 384, 2048), new(50257, 768, 1024)];

    [ParamsSource(nameof(Sizes))]
    public EmbeddingSize Size { get; set; }

    public double WorkOfCall => 2.0 * sizeof(float) * Size.Tokens * Size.Width;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        _table = Inputs.Normal(Size.Vocabulary, Size.Width);
        _rows = Inputs.Normal(Size.Tokens, Size.Width);
        var random = new Random(1);
        _ids = Tensor<int>.From([.. Enumerable.Range(0, Size.Tokens).Select(_ => random.Next(Size.Vocabulary))], [Size.Tokens]);
    }

    [Benchmark(Baseline = true)]
    public void Gather() => Tensors.Kernels.Embedding.Gather(_table, _ids, _rows);

    // Added to what the table holds, so that its other rows are not counted.
    [Benchmark]
    public void Scatter() => Tensors.Kernels.Embedding.Scatter(_rows, _ids, _table, accumulate: true);

    [Benchmark, Peer(To = nameof(Gather))]
    public void CopyRows()
    {
        for (int token = 0; token < Size.Tokens; token++)
            TableRow(token).CopyTo(TokenRow(token));
    }

    [Benchmark, Peer(To = nameof(Scatter))]
    public void TensorPrimitivesAdd()
    {
        for (int token = 0; token < Size.Tokens; token++)
            TensorPrimitives.Add(TableRow(token), TokenRow(token), TableRow(token));
    }

    [Benchmark, Peer(To = nameof(Scatter))]
    public void PlainLoop()
    {
        for (int token = 0; token < Size.Tokens; token++)
        {
            Span<float> sum = TableRow(token), row = TokenRow(token);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += row[i];
        }
    }

    private Span<float> TableRow(int token) => _table.Span.Slice(_ids.Span[token] * Size.Width, Size.Width);

    private Span<float> TokenRow(int token) => _rows.Span.Slice(token * Size.Width, Size.Width);
}

/// <summary>Tokens, each one of [Vocabulary, Width].</summary>
public readonly record struct EmbeddingSize(int Vocabulary, int Width, int Tokens)
{
    public override string ToString() => $"{Vocabulary}x{Width}, {Tokens} ids";
}

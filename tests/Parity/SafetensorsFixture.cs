using System.Globalization;
using System.Numerics;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>Recorded tensors, in either precision.</summary>
internal sealed class SafetensorsFixture(params string[] path) : IDisposable
{
    private readonly SafetensorsReader _reader = SafetensorsReader.Open(Fixtures.File(path));

    public IEnumerable<string> Names => _reader.Entries.Select(entry => entry.Name);

    public Tensor<T> Read<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StoredTensor entry = Find(name);
        var tensor = new Tensor<T>(ShapeOf(entry));
        _reader.Read(entry, tensor.Span);
        return tensor;
    }

    public Tensor<T> ReadIntegers<T>(string name)
        where T : unmanaged, IBinaryInteger<T>
    {
        StoredTensor entry = Find(name);
        long[] numbers = new long[entry.Count];
        _reader.ReadIntegers(entry, numbers);
        return Tensor<T>.From([.. numbers.Select(T.CreateChecked)], ShapeOf(entry));
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>Asserts |actual − expected| ≤ tolerance · max(1, |expected|) for every element.</summary>
    public static void AssertClose<T>(string what, Tensor<double> expected, Tensor<T> actual, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Count, actual.Count);
        double worst = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            double error = Math.Abs(double.CreateChecked(actual.Span[i]) - expected.Span[i]) / Math.Max(1, Math.Abs(expected.Span[i]));
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        Assert.True(worst <= tolerance, string.Create(
            CultureInfo.InvariantCulture, $"{what} is off by {worst:E1}, {tolerance:E1} allowed."));
    }

    private StoredTensor Find(string name) =>
        _reader.TryGet(name, out StoredTensor? entry) ? entry : throw new KeyNotFoundException(name);

    private static Shape ShapeOf(StoredTensor entry) => new([.. entry.Shape.Select(size => checked((int)size))]);
}

using System.Runtime.Intrinsics;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

public class SimdBytesTests
{
    [Fact]
    public void Products_of_four_neighbours_are_added_to_their_sum_with_and_without_instructions_for_them()
    {
        var random = new Random(1);
        for (int repeat = 0; repeat < 1000; repeat++)
        {
            Vector256<sbyte> magnitudes = Bytes(repeat, 0), w = Bytes(repeat / 3, -128);
            Vector256<int> sums = Vector256.Create([.. Enumerable.Range(0, Vector256<int>.Count).Select(_ => random.Next(-1_000_000, 1_000_000))]);
            Vector256<int> found = SimdBytes.AddProductsOfFour(sums, magnitudes.AsByte(), w);
            Assert.Equal(found, SimdBytes.AddByShifts(sums, magnitudes.AsByte(), w));
            for (int i = 0; i < Vector256<int>.Count; i++)
                Assert.Equal(sums[i] + Enumerable.Range(4 * i, 4).Sum(k => magnitudes[k] * w[k]), found[i]);
        }

        // The greatest magnitudes first, of either sign, then anything.
        Vector256<sbyte> Bytes(int repeat, int least) => repeat switch
        {
            0 => Vector256.Create((sbyte)least),
            1 => Vector256.Create(sbyte.MaxValue),
            _ => Vector256.Create([.. Enumerable.Range(0, Vector256<sbyte>.Count).Select(_ => (sbyte)random.Next(least, 128))]),
        };
    }
}

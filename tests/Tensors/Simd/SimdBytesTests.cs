using System.Runtime.Intrinsics;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

public class SimdBytesTests
{
    [Fact]
    public void Products_of_bytes_add_up_to_the_plain_sum_with_and_without_instructions_for_them()
    {
        var random = new Random(1);
        for (int repeat = 0; repeat < 1000; repeat++)
        {
            Vector256<sbyte> x = Bytes(repeat, -127), w = Bytes(repeat / 3, -128);
            int expected = Enumerable.Range(0, Vector256<sbyte>.Count).Sum(i => x[i] * w[i]);
            Assert.Equal(expected, Vector256.Sum(SimdBytes.SumsOfFour(x, w)));
            Assert.Equal(expected, Vector256.Sum(SimdBytes.SumsOfEveryEighth(x, w)));
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

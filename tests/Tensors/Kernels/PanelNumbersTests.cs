using System.Numerics;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public unsafe class PanelNumbersTests
{
    [Fact]
    public void Upper_halves_come_back_the_same_in_vectors_of_every_width() => AssertEveryWidth<UpperHalves<float>, UpperHalves<double>>();

    [Fact]
    public void Scaled_halves_come_back_the_same_in_vectors_of_every_width() => AssertEveryWidth<ScaledHalves<float>, ScaledHalves<double>>();

    [Fact]
    public void Whole_numbers_come_back_the_same_in_vectors_of_every_width() => AssertEveryWidth<WholeNumbers<float>, WholeNumbers<double>>();

    [Fact]
    public void Every_half_below_64_comes_back_from_vectors_of_every_width()
    {
        AssertHalves<Simd512<float>>();
        AssertHalves<Simd256<float>>();
        AssertHalves<Simd128<float>>();
        AssertHalves<SimdScalar<float>>();
    }

    // The smallest ones too, which are no normal halves, and both zeros.
    private static void AssertHalves<V>()
        where V : unmanaged, ISimd<V, float>
    {
        ushort* kept = stackalloc ushort[V.Count];
        float* found = stackalloc float[V.Count];
        int end = BitConverter.HalfToUInt16Bits((Half)64);
        for (int first = 0; first < end; first++)
        {
            for (int i = 0; i < V.Count; i++)
                Assert.True(ScaledHalves<float>.TryKeep(NumberOf(first, i), (byte*)(kept + i)));
            ScaledHalves<float>.Load<V>((byte*)kept).Store(found);
            for (int i = 0; i < V.Count; i++)
            {
                float expected = NumberOf(first, i);
                if (BitConverter.SingleToInt32Bits(expected) != BitConverter.SingleToInt32Bits(found[i]))
                    Assert.Fail($"{found[i]} in place of {expected}");
            }
        }

        float NumberOf(int first, int i)
        {
            float magnitude = (float)BitConverter.UInt16BitsToHalf((ushort)((first + i) % end));
            return i % 2 == 0 ? magnitude : -magnitude;
        }
    }

    private static void AssertEveryWidth<TSingle, TDouble>()
        where TSingle : struct, IPanelNumbers<float>
        where TDouble : struct, IPanelNumbers<double>
    {
        AssertLoads<TSingle, Simd512<float>, float>();
        AssertLoads<TSingle, Simd256<float>, float>();
        AssertLoads<TSingle, Simd128<float>, float>();
        AssertLoads<TSingle, SimdScalar<float>, float>();
        AssertLoads<TDouble, Simd512<double>, double>();
        AssertLoads<TDouble, Simd256<double>, double>();
        AssertLoads<TDouble, Simd128<double>, double>();
        AssertLoads<TDouble, SimdScalar<double>, double>();
    }

    // Every half below 64 is a float whose lower 13 bits are zero; of these, the ones with a fraction of 7 bits are what BF16 holds.
    private static void AssertLoads<TNumbers, V, T>()
        where TNumbers : struct, IPanelNumbers<T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte* kept = stackalloc byte[V.Count * sizeof(T)];
        T* expected = stackalloc T[V.Count];
        T* found = stackalloc T[V.Count];
        for (int exponent = -14; exponent < 6; exponent++)
        {
            for (int fraction = 0; fraction < 128; fraction++)
            {
                for (int i = 0; i < V.Count; i++)
                {
                    T number = T.ScaleB(T.One + T.CreateChecked((fraction + i) % 128) / T.CreateChecked(128), exponent);
                    expected[i] = i % 3 == 0 ? -number : i % 11 == 10 ? T.Zero : number;
                    Assert.True(TNumbers.TryKeep(expected[i], kept + i * TNumbers.Bytes));
                    Assert.Equal(expected[i], TNumbers.Read(kept + i * TNumbers.Bytes));
                }

                TNumbers.Load<V>(kept).Store(found);
                Assert.Equal(new ReadOnlySpan<T>(expected, V.Count), new ReadOnlySpan<T>(found, V.Count));
            }
        }
    }
}

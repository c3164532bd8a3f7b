using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

public unsafe class SimdTests
{
    [Fact]
    public void MaxAcross_finds_the_greatest_wherever_it_stands() => CheckEverywhere(new Greatest());

    [Fact]
    public void MaxAcross_finds_NaN_wherever_it_stands() => CheckEverywhere(new NotANumber());

    [Fact]
    public void Clamp_keeps_NaN_and_takes_the_nearer_bound() => CheckEverywhere(new Clamped());

    [Fact]
    public void AtLeast_takes_the_greater_and_keeps_NaN() => CheckEverywhere(new Raised());

    [Fact]
    public void Streaming_stores_write_one_vector_and_leave_the_rest_alone() => CheckEverywhere(new Streamed());

    [Fact]
    public void A_mask_of_the_first_elements_selects_them() => CheckEverywhere(new Masked());

    [Fact]
    public void Elements_are_kept_where_their_bits_reach_a_threshold() => CheckEverywhere(new Kept());

    [Fact]
    public void Partial_loads_and_stores_leave_the_rest_alone() => CheckEverywhere(new Partial());

    private interface ICheck
    {
        void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>;
    }

    private static void CheckEverywhere<TCheck>(TCheck check)
        where TCheck : struct, ICheck
    {
        check.Run<Simd512<float>, float>();
        check.Run<Simd256<float>, float>();
        check.Run<Simd128<float>, float>();
        check.Run<SimdScalar<float>, float>();
        check.Run<Simd512<double>, double>();
        check.Run<Simd256<double>, double>();
        check.Run<Simd128<double>, double>();
        check.Run<SimdScalar<double>, double>();
    }

    private struct Kept : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            const uint Threshold = 0x80000001;
            uint[] examples = [0, 0x7FFFFFFF, 0x80000000, Threshold, 0x80000002, uint.MaxValue];
            uint* bits = stackalloc uint[V.Count];
            T* kept = stackalloc T[V.Count];
            for (int first = 0; first < examples.Length; first++)
            {
                for (int i = 0; i < V.Count; i++)
                    bits[i] = examples[(first + i) % examples.Length];

                V.KeepWhereAtLeast(bits, Threshold, V.Broadcast(-T.One)).Store(kept);
                for (int i = 0; i < V.Count; i++)
                    Assert.Equal(bits[i] >= Threshold ? -T.One : T.Zero, kept[i]);
            }
        }
    }

    private struct Greatest : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T* values = stackalloc T[V.Count];
            for (int at = 0; at < V.Count; at++)
            {
                new Span<T>(values, V.Count).Fill(-T.One - T.One);
                values[at] = -T.One;
                Assert.Equal(-T.One, V.MaxAcross(V.Load(values)));
            }
        }
    }

    private struct NotANumber : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T* values = stackalloc T[V.Count];
            for (int at = 0; at < V.Count; at++)
            {
                new Span<T>(values, V.Count).Fill(T.One);
                values[at] = T.NaN;
                Assert.True(T.IsNaN(V.MaxAcross(V.Load(values))));
            }
        }
    }

    private struct Clamped : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T two = T.One + T.One;
            Assert.Equal(T.One, First(two));
            Assert.Equal(T.One, First(T.PositiveInfinity));
            Assert.Equal(-T.One, First(-two));
            Assert.Equal(-T.One, First(T.NegativeInfinity));
            Assert.Equal(T.One / two, First(T.One / two));
            Assert.True(T.IsNaN(First(T.NaN)));

            static T First(T value)
            {
                T* result = stackalloc T[V.Count];
                V.Clamp(V.Broadcast(value), V.Broadcast(-T.One), V.Broadcast(T.One)).Store(result);
                return result[0];
            }
        }
    }

    private struct Raised : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T two = T.One + T.One;
            T[] values = [two, T.One, T.Zero, -two, T.PositiveInfinity, T.NegativeInfinity, T.NaN];
            T[] expected = [two, T.One, T.One, T.One, T.PositiveInfinity, T.One, T.NaN];
            T* vector = stackalloc T[V.Count];
            for (int first = 0; first < values.Length; first++)
            {
                for (int i = 0; i < V.Count; i++)
                    vector[i] = values[(first + i) % values.Length];

                V.AtLeast(V.Load(vector), V.Broadcast(T.One)).Store(vector);
                for (int i = 0; i < V.Count; i++)
                    Assert.Equal(expected[(first + i) % values.Length], vector[i]);
            }
        }
    }

    private struct Streamed : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            // Three vectors, aligned as a streaming store wants them; the one in the middle is written.
            nuint bytes = (nuint)(V.Count * sizeof(T));
            var values = (T*)NativeMemory.AlignedAlloc(3 * bytes, bytes);
            try
            {
                for (int i = 0; i < 3 * V.Count; i++)
                    values[i] = T.CreateTruncating(i);

                (V.Load(values + V.Count) + V.Broadcast(T.One)).StoreStreaming(values + V.Count);
                for (int i = 0; i < 3 * V.Count; i++)
                    Assert.Equal(T.CreateTruncating(i / V.Count == 1 ? i + 1 : i), values[i]);
            }
            finally
            {
                NativeMemory.AlignedFree(values);
            }
        }
    }

    private struct Masked : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            for (int count = 0; count <= V.Count; count++)
            {
                V selected = V.Select(V.MaskOfFirst(count), V.Broadcast(T.One), V.Zero);
                Assert.Equal(T.CreateTruncating(count), V.SumAcross(selected));
            }
        }
    }

    private struct Partial : ICheck
    {
        public readonly void Run<V, T>()
            where V : unmanaged, ISimd<V, T>
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T* values = stackalloc T[V.Count];
            for (int count = 1; count <= V.Count; count++)
            {
                new Span<T>(values, V.Count).Fill(T.One);
                Assert.Equal(T.CreateTruncating(count), V.SumAcross(V.Load(values, count)));
                V.Zero.Store(values, count);
                Assert.Equal(T.CreateTruncating(V.Count - count), V.SumAcross(V.Load(values)));
            }
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace MiniGpt.Tensors;

/// <summary>
/// An endless array of random numbers, named by (seed, purpose, step, example). A number is a function of the stream and of its index,
/// never of how often or in which order the stream was asked: a resumed run and any number of threads draw the same.
/// </summary>
/// <remarks>
/// A first <see cref="Philox"/> block permutes (step, example) under a key made of seed and purpose. Half of its 128 bits are the key
/// of the stream and half the upper words of its counter; the index counts in the lower words.
/// So two streams of one seed and purpose never share a block.
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "A stream in the sense of the literature on parallel random numbers.")]
public readonly struct RandomStream
{
    private readonly uint _keyA;
    private readonly uint _keyB;
    private readonly uint _counterZ;
    private readonly uint _counterW;

    /// <summary>The stream of one example of one step, for one purpose.</summary>
    public RandomStream(ulong seed, RandomPurpose purpose, ulong step = 0, ulong example = 0)
    {
        ulong key = Scramble(seed + ((ulong)purpose + 1) * 0x9E3779B97F4A7C15);
        (_keyA, _keyB, _counterZ, _counterW) = Philox.Block(
            (uint)step, (uint)(step >> 32), (uint)example, (uint)(example >> 32), (uint)key, (uint)(key >> 32));
    }

    /// <summary>32 random bits. Four indices share a block.</summary>
    public uint Bits(ulong index)
    {
        (uint x, uint y, uint z, uint w) = Block(index >> 2);
        return (index & 3) switch { 0 => x, 1 => y, 2 => z, _ => w };
    }

    /// <summary>Fills with random bits: destination[i] is <see cref="Bits"/> of start + i, at a small part of the cost.</summary>
    public void FillBits(Span<uint> destination, ulong start = 0)
    {
        int i = 0;
        for (; i < destination.Length && ((start + (ulong)i) & 3) != 0; i++)
            destination[i] = Bits(start + (ulong)i);

        i += PhiloxVectors.Fill(destination[i..], (start + (ulong)i) >> 2, _counterZ, _counterW, _keyA, _keyB);
        for (; i + 4 <= destination.Length; i += 4)
            (destination[i], destination[i + 1], destination[i + 2], destination[i + 3]) = Block((start + (ulong)i) >> 2);

        for (; i < destination.Length; i++)
            destination[i] = Bits(start + (ulong)i);
    }

    /// <summary>A number of [0, 1) with 53 random bits. Made of the same bits as <see cref="Bits"/> of 2·index and 2·index + 1.</summary>
    public double Uniform(ulong index) => ToUnit(Bits64(index));

    /// <summary>A whole number of [0, bound), each as likely as the next to within 2⁻³³.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public int Below(ulong index, int bound) => (int)Below(index, (long)bound);

    /// <summary>A whole number of [0, bound), by the high half of the product of 64 random bits and the bound.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public long Below(ulong index, long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (long)Math.BigMul(Bits64(index), (ulong)bound, out _);
    }

    /// <summary>
    /// Fills with normally distributed numbers, by Box and Muller's transform in double:
    /// destination[i] is number start + i of the stream, rounded to <typeparamref name="T"/>.
    /// </summary>
    public void FillNormal<T>(Span<T> destination, double mean, double standardDeviation, ulong start = 0)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < destination.Length;)
        {
            ulong index = start + (ulong)i;
            (double even, double odd) = NormalPair(index >> 1);
            if ((index & 1) == 0)
            {
                destination[i++] = T.CreateTruncating(mean + standardDeviation * even);
                if (i == destination.Length)
                    break;
            }
            destination[i++] = T.CreateTruncating(mean + standardDeviation * odd);
        }
    }

    /// <summary>
    /// Fills with numbers spread evenly over [low, high): destination[i] comes from <see cref="Uniform"/> of start + i.
    /// Rounding to <typeparamref name="T"/> can give high itself.
    /// </summary>
    public void FillUniform<T>(Span<T> destination, double low, double high, ulong start = 0)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = T.CreateTruncating(low + (high - low) * Uniform(start + (ulong)i));
    }

    private (double Even, double Odd) NormalPair(ulong block)
    {
        (uint x, uint y, uint z, uint w) = Block(block);
        double radius = Math.Sqrt(-2 * Math.Log(1 - ToUnit(Join(x, y)))); // 1 - u is never 0
        (double sin, double cos) = Math.SinCos(2 * Math.PI * ToUnit(Join(z, w)));
        return (radius * cos, radius * sin);
    }

    private ulong Bits64(ulong index)
    {
        (uint x, uint y, uint z, uint w) = Block(index >> 1);
        return (index & 1) == 0 ? Join(x, y) : Join(z, w);
    }

    private (uint X, uint Y, uint Z, uint W) Block(ulong block) =>
        Philox.Block((uint)block, (uint)(block >> 32), _counterZ, _counterW, _keyA, _keyB);

    private static ulong Join(uint low, uint high) => (ulong)high << 32 | low;

    private static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    /// <summary>The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): neighbouring seeds give keys that share nothing.</summary>
    private static ulong Scramble(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}

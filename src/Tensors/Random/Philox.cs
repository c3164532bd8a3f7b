namespace MiniGpt.Tensors;

/// <summary>
/// Philox4x32-10, a counter-based random number generator: ten rounds of multiplication and exclusive or turn a counter and a key
/// into 128 random bits. For one key it is a permutation of the counters, so no two of them give the same block.
/// </summary>
/// <remarks>Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.</remarks>
public static class Philox
{
    internal const int Rounds = 10;
    internal const uint MultiplierA = 0xD2511F53;
    internal const uint MultiplierB = 0xCD9E8D57;
    internal const uint KeyStepA = 0x9E3779B9; // the golden ratio
    internal const uint KeyStepB = 0xBB67AE85; // √3 - 1

    /// <summary>The 128 random bits of one counter under one key.</summary>
    public static (uint X, uint Y, uint Z, uint W) Block(uint x, uint y, uint z, uint w, uint keyA, uint keyB)
    {
        for (int round = 0; round < Rounds; round++)
        {
            ulong a = (ulong)MultiplierA * x;
            ulong b = (ulong)MultiplierB * z;
            (x, y, z, w) = ((uint)(b >> 32) ^ y ^ keyA, (uint)b, (uint)(a >> 32) ^ w ^ keyB, (uint)a);
            keyA += KeyStepA;
            keyB += KeyStepB;
        }
        return (x, y, z, w);
    }
}

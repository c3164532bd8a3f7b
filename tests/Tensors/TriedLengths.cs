namespace MiniGpt.Tests.Tensors;

/// <summary>
/// The lengths that a kernel is tried with: all of them, or with MINIGPT_LENGTHS=edges those about the ends of vectors and of their groups, for
/// processors that are simulated.
/// </summary>
internal static class TriedLengths
{
    private const int Short = 17; // up to here each length counts: every remainder of a vector of 16

    private static readonly bool s_isEdgesAlone = Environment.GetEnvironmentVariable("MINIGPT_LENGTHS") switch
    {
        null or "" => false,
        "edges" => true,
        string other => throw new ArgumentException($"MINIGPT_LENGTHS is '{other}': edges, or nothing expected"),
    };

    /// <summary>The lengths from one to another, both included.</summary>
    public static IEnumerable<int> Of(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Where(length => !s_isEdgesAlone || length <= Short || length == last || IsBesideAPowerOfTwo(length));

    private static bool IsBesideAPowerOfTwo(int length) => int.IsPow2(length - 1) || int.IsPow2(length) || int.IsPow2(length + 1);
}

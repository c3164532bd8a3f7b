using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>The sentence pairs that a run learns from where no data is given: English to French and to Japanese, from a small grammar.</summary>
public static class BundledPairs
{
    /// <summary>What stands before a sentence to say into which language it goes.</summary>
    public static IReadOnlyList<string> Marks { get; } = [TranslationMarks.Of("fr"), TranslationMarks.Of("ja")];

    internal static (List<PairLine> Train, List<PairLine> HeldOut) Draw(ulong seed) => throw new ArgumentException("sentence pairs to learn from expected, none given");

    internal static string Hash(IEnumerable<PairLine> train, IEnumerable<PairLine> rest)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (PairLine pair in train.Concat(rest))
            hash.AppendData(Encoding.UTF8.GetBytes($"{pair.Source}\t{pair.Target}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

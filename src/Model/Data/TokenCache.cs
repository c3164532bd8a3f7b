using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>
/// Text that was tokenised once: token files in a folder, each named by a hash of its documents, the parts of them and the tokenizer. What is
/// not there is made; the folder may be deleted at any time between two runs.
/// </summary>
internal sealed class TokenCache(string folder)
{
    private const int NameLength = 32; // hexadecimal digits: 128 bits

    /// <summary>The tokens of a text.</summary>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say.</exception>
    /// <exception cref="IOException">A file of the text cannot be read, or the folder cannot be written.</exception>
    public TokenFile Open(
        IReadOnlyList<TextRange> text, ITokenizer tokenizer, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, NameOf(text, tokenizer) + TokenFile.Extension);
        if (TryOpen(path, tokenizer, cancellationToken) is TokenFile found)
            return found;
        Directory.CreateDirectory(folder);
        TextTokens.DeleteLeftovers(folder);
        TextTokens.Write(path, text, tokenizer, progress, cancellationToken);
        return TokenFile.Open(path);
    }

    /// <summary>What is there and whole, its tokens those of its checksum; anything else is written over.</summary>
    private static TokenFile? TryOpen(string path, ITokenizer tokenizer, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            TokenFile file = TokenFile.Open(path);
            if (IsWhole(file))
                return file;
            file.Dispose();
            return null;
        }
        catch (FileFormatException)
        {
            return null;
        }

        bool IsWhole(TokenFile file)
        {
            try
            {
                return file.HasChecksum && file.VocabularySize == tokenizer.VocabularySize
                    && file.Scan(_ => { }, cancellationToken).MaxId < tokenizer.VocabularySize;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
    }

    private static string NameOf(IReadOnlyList<TextRange> text, ITokenizer tokenizer)
    {
        StringBuilder identity = new(tokenizer.Hash);
        foreach (TextRange range in text)
            identity.Append(CultureInfo.InvariantCulture, $" {range.DocumentHash} {range.Start}-{range.End}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.ToString())))[..NameLength];
    }
}

using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What all tokenizers have in common: a table of tokens, and text that is UTF-8 before it is encoded.</summary>
public abstract class Tokenizer : ITokenizer
{
    /// <summary>The special token between documents.</summary>
    public const string EndOfText = "<|endoftext|>";

    private readonly Lazy<string> _hash;

    private protected Tokenizer(TokenTable tokens)
    {
        Tokens = tokens;
        _hash = new Lazy<string>(ComputeHash);
    }

    /// <inheritdoc/>
    public abstract string Kind { get; }

    /// <inheritdoc/>
    public int VocabularySize => Tokens.Count;

    /// <inheritdoc/>
    public virtual int? EndOfTextId => null;

    /// <inheritdoc/>
    public string Hash => _hash.Value;

    /// <inheritdoc/>
    public virtual TextEnds Ends => TextEnds.None;

    /// <inheritdoc/>
    public virtual bool DropsFirstSpace => false;

    private protected TokenTable Tokens { get; }

    /// <inheritdoc/>
    public int[] Encode(ReadOnlySpan<char> text) => Utf8Text.With(text, EncodeUtf8);

    /// <inheritdoc/>
    public int[] EncodeUtf8(ReadOnlySpan<byte> text)
    {
        ArrayBufferWriter<int> ids = new();
        EncodeUtf8(text, ids, isFinalBlock: true, isFirstBlock: true);
        return ids.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public abstract int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock, bool isFirstBlock);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TokenBytes(int id) => Tokens[id];

    /// <inheritdoc/>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        byte[] bytes = Tokens.Concatenate(ids);
        return DropsFirstSpace && bytes is [(byte)' ', ..] ? bytes[1..] : bytes;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <inheritdoc/>
    public virtual string TokenText(int id)
    {
        ReadOnlySpan<byte> bytes = Tokens[id];
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        StringBuilder text = new();
        while (!bytes.IsEmpty)
        {
            bool isCharacter = Rune.DecodeFromUtf8(bytes, out Rune character, out int length) == OperationStatus.Done;
            if (isCharacter)
                text.Append(character);
            else
                text.Append($"\\x{bytes[0]:X2}");
            bytes = bytes[(isCharacter ? length : 1)..];
        }
        return text.ToString();
    }

    /// <summary>Adds to the hash what beside the tokens decides about ids.</summary>
    private protected abstract void AddTo(IncrementalHash hash);

    private string ComputeHash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Kind));
        Tokens.AddTo(hash);
        AddTo(hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

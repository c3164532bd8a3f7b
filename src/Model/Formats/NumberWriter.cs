using System.Numerics;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>Writes numbers to a stream, rounded to the type that they are stored as, in pieces.</summary>
internal static class NumberWriter
{
    private const int Piece = 1 << 15; // a multiple of every block

    /// <exception cref="ArgumentException">A finite number is too large for the type; the message names the tensor.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, string tensor, StoredType type, ReadOnlySpan<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte[] buffer = new byte[Piece / type.BlockSize() * type.BlockBytes()];
        while (numbers.Length > 0)
        {
            int count = Math.Min(Piece, numbers.Length);
            Span<byte> bytes = buffer.AsSpan(0, count / type.BlockSize() * type.BlockBytes());
            try
            {
                Narrowing.Convert(numbers[..count], type, bytes);
            }
            catch (ArgumentException error)
            {
                throw new ArgumentException($"tensor '{tensor}': {error.Message}", error);
            }
            stream.Write(bytes);
            numbers = numbers[count..];
        }
    }
}

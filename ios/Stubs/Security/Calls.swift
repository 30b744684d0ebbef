// The calls of Security, over the phone of SimulatedPhone.swift.

public typealias Failure = UnsafeMutablePointer<Unmanaged<CFError>?>?

private func fail(_ failure: Failure, _ domain: String, _ code: Int) {
    failure?.pointee = Unmanaged.passRetained(CFError(domain: domain, code: code))
}

public func SecAccessControlCreateWithFlags(
    _ allocator: CFAllocator?, _ protection: CFTypeRef, _ flags: SecAccessControlCreateFlags, _ error: Failure
) -> SecAccessControl? {
    SecAccessControl(protection: protection, flags: flags)
}

public func SecKeyCreateRandomKey(_ parameters: CFDictionary, _ error: Failure) -> SecKey? {
    let kept = parameters.values[kSecPrivateKeyAttrs] as? [CFString: Any] ?? [:]
    guard let control = kept[kSecAttrAccessControl] as? SecAccessControl,
        let tag = kept[kSecAttrApplicationTag] as? Data,
        parameters.values[kSecAttrTokenID] as? CFString == kSecAttrTokenIDSecureEnclave,
        parameters.values[kSecAttrKeySizeInBits] as? Int == 256
    else {
        fail(error, "NSOSStatusErrorDomain", -50)
        return nil
    }
    let key = SecKey(tag: tag, control: control, biometry: SimulatedPhone.biometry)
    SimulatedPhone.keys.append(key)
    return key
}

public func SecKeyCreateWithData(_ keyData: CFData, _ attributes: CFDictionary, _ error: Failure) -> SecKey? {
    guard keyData.bytes.count == 65, keyData.bytes.first == 4 else {
        fail(error, "NSOSStatusErrorDomain", -50)
        return nil
    }
    return SecKey(point: keyData.bytes)
}

public func SecKeyCopyPublicKey(_ key: SecKey) -> SecKey? {
    SecKey(point: key.point)
}

public func SecKeyCopyExternalRepresentation(_ key: SecKey, _ error: Failure) -> CFData? {
    guard key.control == nil else {
        fail(error, "NSOSStatusErrorDomain", -4)
        return nil
    }
    return CFData(key.point)
}

public func SecKeyCreateSignature(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ dataToSign: CFData, _ error: Failure
) -> CFData? {
    if let refusal = SimulatedPhone.use(key) {
        fail(error, refusal.domain, refusal.code)
        return nil
    }
    guard algorithm == .ecdsaSignatureMessageX962SHA256 else { return nil }
    return CFData(key.point + dataToSign.bytes)
}

public func SecKeyCopyKeyExchangeResult(
    _ privateKey: SecKey, _ algorithm: SecKeyAlgorithm, _ publicKey: SecKey, _ parameters: CFDictionary,
    _ error: Failure
) -> CFData? {
    if let refusal = SimulatedPhone.use(privateKey) {
        fail(error, refusal.domain, refusal.code)
        return nil
    }
    guard algorithm == .ecdhKeyExchangeStandard else { return nil }
    return CFData(zip(privateKey.point, publicKey.point).dropFirst().prefix(32).map { $0 ^ $1 })
}

public func SecItemCopyMatching(
    _ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?
) -> OSStatus {
    if let status = SimulatedPhone.status { return status }
    if query.values[kSecClass] as? CFString == kSecClassKey {
        let context = query.values[kSecUseAuthenticationContext]
        let key = SimulatedPhone.keys.first { $0.matches(query) && !SimulatedPhone.isHidden($0) }
        key?.context = context
        result?.pointee = key
        return key == nil ? errSecItemNotFound : errSecSuccess
    }
    let item = SimulatedPhone.items.first { $0.matches(query) }
    result?.pointee = item.map { CFData($0.value) }
    return item == nil ? errSecItemNotFound : errSecSuccess
}

public func SecItemAdd(_ attributes: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    if let status = SimulatedPhone.status ?? SimulatedPhone.addStatus { return status }
    if SimulatedPhone.items.contains(where: { $0.matches(attributes) }) { return errSecDuplicateItem }
    SimulatedPhone.items.append(SimulatedItem(attributes))
    return errSecSuccess
}

public func SecItemDelete(_ query: CFDictionary) -> OSStatus {
    if let status = SimulatedPhone.status { return status }
    let before = SimulatedPhone.keys.count + SimulatedPhone.items.count
    if query.values[kSecClass] as? CFString == kSecClassKey {
        SimulatedPhone.keys.removeAll { $0.matches(query) }
    } else {
        SimulatedPhone.items.removeAll { $0.matches(query) }
    }
    return before == SimulatedPhone.keys.count + SimulatedPhone.items.count ? errSecItemNotFound : errSecSuccess
}

public final class SecRandom: Sendable {}
public typealias SecRandomRef = SecRandom
public let kSecRandomDefault: SecRandomRef? = nil
public func SecRandomCopyBytes(_ rnd: SecRandomRef?, _ count: Int, _ bytes: UnsafeMutableRawPointer) -> Int32 {
    for at in 0..<count { bytes.storeBytes(of: UInt8.random(in: 0...255), toByteOffset: at, as: UInt8.self) }
    return 0
}
